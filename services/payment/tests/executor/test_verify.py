"""What becomes of a payment whose requests gave no answer."""

import pytest
from payment_service.executor.retry import KEY_LIFETIME_SECONDS
from payment_service.model.authorization import Authorized
from payment_service.model.ports import Lease, Open, Postponed, Unknown

KEPT_500 = Unknown("APIError: 500 again", repeat=False)
NOT_DONE = False


async def test_an_absence_is_not_believed_at_once(authorize, fake_gateway, make_payment):
    fake_gateway.faults = [(KEPT_500, NOT_DONE)]

    result = await authorize(Lease(make_payment()))

    assert (result.settle, result.pause_seconds) == (True, 90)
    assert "500 again; Stripe has no PaymentIntent" in result.reason


async def test_while_an_absence_settles_no_request_is_made(authorize, fake_gateway, make_payment):
    result = await authorize(Lease(make_payment(), settling=True))

    assert result.settle
    assert fake_gateway.keys == []


async def test_an_absence_that_has_settled_is_stripe_unavailable(
    authorize, fake_gateway, make_payment
):
    lease = Lease(make_payment(), settling=True, settled=True, last_error="APIError: 500")

    result = await authorize(lease)

    assert result.verdict.code == "stripe_unavailable"
    assert "APIError: 500" in result.verdict.message
    assert fake_gateway.keys == []


async def test_a_hold_that_appears_while_an_absence_settles_is_adopted(
    authorize, fake_gateway, make_payment
):
    fake_gateway.finding = Authorized("pi_late")

    result = await authorize(Lease(make_payment(), settling=True, settled=True))

    assert result.verdict == Authorized("pi_late")


@pytest.mark.parametrize("settled", [False, True])
async def test_a_payment_waits_for_as_long_as_stripe_cannot_be_asked(
    authorize, fake_gateway, make_payment, settled
):
    fake_gateway.faults = [(KEPT_500, NOT_DONE)]
    fake_gateway.finding = Unknown("no route to host")

    result = await authorize(Lease(make_payment(), settling=settled, settled=settled))

    assert isinstance(result, Postponed)
    assert not result.settle
    assert "no route to host" in result.reason


async def test_a_payment_that_waits_is_asked_about_ever_more_seldom(
    authorize, fake_gateway, make_payment
):
    fake_gateway.finding = Unknown("no route to host")
    pauses = []

    for attempts in (1, 2, 3, 4, 5, 1_000):
        fake_gateway.faults = [(KEPT_500, NOT_DONE)]
        pauses.append((await authorize(Lease(make_payment(), attempts))).pause_seconds)

    assert pauses == [5, 10, 20, 40, 60, 60]


async def test_once_a_key_may_be_forgotten_no_request_is_made(
    authorize, fake_gateway, make_payment
):
    result = await authorize(Lease(make_payment(), age_seconds=KEY_LIFETIME_SECONDS))

    assert result.settle
    assert (fake_gateway.keys, fake_gateway.ages) == ([], [KEY_LIFETIME_SECONDS])


async def test_shortly_before_that_a_request_is_made(authorize, fake_gateway, make_payment):
    result = await authorize(Lease(make_payment(), age_seconds=KEY_LIFETIME_SECONDS - 1))

    assert isinstance(result.verdict, Authorized)


@pytest.mark.parametrize("settled", [False, True])
async def test_a_payment_intent_in_processing_is_never_given_up(
    authorize, fake_gateway, make_payment, settled
):
    fake_gateway.finding = Open("pi_1", "processing")

    result = await authorize(Lease(make_payment(), settling=True, settled=settled))

    assert isinstance(result, Postponed)
    assert not result.settle


async def test_a_payment_intent_that_is_never_confirmed_fails_once_that_has_settled(
    authorize, fake_gateway, make_payment
):
    fake_gateway.finding = Open("pi_1", "requires_confirmation")

    waiting = await authorize(Lease(make_payment(), settling=True))
    ended = await authorize(Lease(make_payment(), settling=True, settled=True))

    assert waiting.settle
    assert ended.verdict.code == "invalid_request"
    assert ended.verdict.payment_intent_id == "pi_1"
