"""Authorizations with inconclusive responses: lookup, verification, pauses."""

import pytest
from payment_service.executor.retry import KEY_LIFETIME_SECONDS
from payment_service.model.authorization import Authorized
from payment_service.model.lease import Lease
from payment_service.model.ports import Incomplete, Postponed, Unknown

STORED_500 = Unknown("APIError: 500 again", retryable=False)
NOT_DONE = False


async def test_an_absence_is_verified_first(perform_lease, fake_gateway, make_request):
    fake_gateway.faults = [(STORED_500, NOT_DONE)]

    progress = await perform_lease(Lease(make_request()))

    assert (progress.verify, progress.pause_seconds) == (True, 90)
    assert "500 again; Stripe has no PaymentIntent" in progress.reason


async def test_no_request_is_sent_during_verification(perform_lease, fake_gateway, make_request):
    progress = await perform_lease(Lease(make_request(), verifying=True))

    assert progress.verify
    assert fake_gateway.keys == []


async def test_a_verified_absence_is_stripe_unavailable(perform_lease, fake_gateway, make_request):
    lease = Lease(make_request(), verifying=True, verified=True, last_error="APIError: 500")

    progress = await perform_lease(lease)

    assert progress.result.code == "stripe_unavailable"
    assert "APIError: 500" in progress.result.message
    assert fake_gateway.keys == []


async def test_a_hold_that_appears_during_verification_is_adopted(
    perform_lease, fake_gateway, make_request
):
    fake_gateway.found = Authorized("pi_late")

    progress = await perform_lease(Lease(make_request(), verifying=True, verified=True))

    assert progress.result == Authorized("pi_late")


@pytest.mark.parametrize("verified", [False, True])
async def test_a_payment_waits_while_stripe_cannot_be_read(
    perform_lease, fake_gateway, make_request, verified
):
    fake_gateway.faults = [(STORED_500, NOT_DONE)]
    fake_gateway.found = Unknown("no route to host")

    progress = await perform_lease(Lease(make_request(), verifying=verified, verified=verified))

    assert isinstance(progress, Postponed)
    assert not progress.verify
    assert "no route to host" in progress.reason


async def test_the_pauses_of_a_postponed_payment_grow_up_to_the_limit(
    perform_lease, fake_gateway, make_request
):
    fake_gateway.found = Unknown("no route to host")
    pauses = []

    for attempts in (1, 2, 3, 4, 5, 1_000):
        fake_gateway.faults = [(STORED_500, NOT_DONE)]
        pauses.append((await perform_lease(Lease(make_request(), attempts))).pause_seconds)

    assert pauses == [5, 10, 20, 40, 60, 60]


async def test_no_request_is_sent_after_the_lifetime_of_the_key(
    perform_lease, fake_gateway, make_request
):
    progress = await perform_lease(Lease(make_request(), age_seconds=KEY_LIFETIME_SECONDS))

    assert progress.verify
    assert (fake_gateway.keys, fake_gateway.lookup_ages) == ([], [KEY_LIFETIME_SECONDS])


async def test_a_request_is_sent_just_before_the_end_of_the_key_lifetime(
    perform_lease, fake_gateway, make_request
):
    progress = await perform_lease(Lease(make_request(), age_seconds=KEY_LIFETIME_SECONDS - 1))

    assert isinstance(progress.result, Authorized)


@pytest.mark.parametrize("verified", [False, True])
async def test_a_processing_payment_intent_is_never_abandoned(
    perform_lease, fake_gateway, make_request, verified
):
    fake_gateway.found = Incomplete("pi_1", "processing")

    progress = await perform_lease(Lease(make_request(), verifying=True, verified=verified))

    assert isinstance(progress, Postponed)
    assert not progress.verify


async def test_a_payment_intent_that_is_never_confirmed_fails_after_verification(
    perform_lease, fake_gateway, make_request
):
    fake_gateway.found = Incomplete("pi_1", "requires_confirmation")

    waiting = await perform_lease(Lease(make_request(), verifying=True))
    ended = await perform_lease(Lease(make_request(), verifying=True, verified=True))

    assert waiting.verify
    assert ended.result.code == "invalid_request"
    assert ended.result.payment_intent_id == "pi_1"
