"""What becomes of a capture, a cancellation or a refund that Stripe gave no answer to."""

from dataclasses import replace

import pytest
from payment_service.errors import LeaseLost
from payment_service.executor.retry import KEY_LIFETIME_SECONDS
from payment_service.executor.settle import Settler
from payment_service.model.operations import REFRESH, Kind, Operation
from payment_service.model.ports import Decided, Lease, Unknown
from payment_service.model.stripe_results import Refused, Returned, Seen

CAPTURE = Operation(Kind.CAPTURE, amount=1000, currency="usd")
CANCEL = Operation(Kind.CANCEL, reason="abandoned")
REFUND = Operation(Kind.REFUND, amount=300, currency="usd", refund_id="r1")
HELD = Seen("pi_1", "requires_capture", 1299)
TAKEN = replace(HELD, status="succeeded", amount_received=1299)
LOST = Unknown("connection lost", repeat=True)
KEPT_500 = Unknown("APIError: 500 again")


@pytest.fixture
def settle(fake_gateway, patience):
    fake_gateway.holds["pi_1"] = HELD
    return Settler(fake_gateway, patience).settle


@pytest.fixture
def lease_of(make_payment):
    return lambda operation, **changes: Lease(
        make_payment(), operation=operation, payment_intent_id="pi_1", **changes
    )


@pytest.mark.parametrize("operation", [CAPTURE, CANCEL, REFUND])
async def test_a_request_without_an_answer_is_repeated_with_the_same_key(
    settle, fake_gateway, lease_of, operation
):
    if operation is REFUND:
        fake_gateway.holds["pi_1"] = TAKEN
    fake_gateway.settlements = [LOST, LOST]
    lease = lease_of(operation)

    result = await settle(lease, lambda: lease)

    assert isinstance(result, Decided)
    assert fake_gateway.keys == [lease.idempotency_key] * 3


@pytest.mark.parametrize(("operation", "hold"), [(CAPTURE, HELD), (CANCEL, HELD), (REFUND, TAKEN)])
async def test_what_seems_not_to_be_done_is_not_believed_at_once(
    settle, fake_gateway, lease_of, operation, hold
):
    fake_gateway.holds["pi_1"], fake_gateway.settlements = hold, [KEPT_500]
    lease = lease_of(operation)

    result = await settle(lease, lambda: lease)

    assert (result.settle, result.pause_seconds) == (True, 90)


@pytest.mark.parametrize(("operation", "hold"), [(CAPTURE, HELD), (REFUND, TAKEN)])
async def test_what_was_not_done_for_good_has_failed(
    settle, fake_gateway, lease_of, operation, hold
):
    fake_gateway.holds["pi_1"] = hold
    lease = lease_of(operation, settling=True, settled=True, last_error="APIError: 500")

    result = await settle(lease, lambda: lease)

    assert result.verdict == Refused("stripe_unavailable", "Last: APIError: 500.")
    assert fake_gateway.keys == []


async def test_a_hold_that_stands_for_good_is_canceled_under_another_key(settle, lease_of):
    lease = lease_of(CANCEL, settling=True, settled=True, attempts=2)

    result = await settle(lease, lambda: lease)

    assert (result.new_key, result.settle, result.pause_seconds) == (True, False, 10)
    assert replace(lease, key_round=2).idempotency_key != lease.idempotency_key


@pytest.mark.parametrize("operation", [CAPTURE, CANCEL])
@pytest.mark.parametrize("found", [TAKEN, replace(HELD, status="canceled")])
async def test_what_stripe_says_is_the_verdict(settle, fake_gateway, lease_of, operation, found):
    fake_gateway.holds["pi_1"], fake_gateway.settlements = found, [KEPT_500]
    lease = lease_of(operation)

    result = await settle(lease, lambda: lease)

    assert result.verdict == found


async def test_a_refund_behind_a_kept_500_is_adopted(settle, fake_gateway, lease_of):
    made = Returned("re_1", 300, "r1")
    fake_gateway.holds["pi_1"] = replace(TAKEN, refunds=[made], amount_refunded=300)
    fake_gateway.settlements = [KEPT_500]
    lease = lease_of(REFUND)

    assert (await settle(lease, lambda: lease)).verdict == made


@pytest.mark.parametrize("changes", [{"age_seconds": KEY_LIFETIME_SECONDS}, {"halted": True}])
@pytest.mark.parametrize("operation", [CAPTURE, CANCEL])
async def test_no_request_is_made_with_an_old_key_or_when_it_is_not_wanted(
    settle, fake_gateway, lease_of, operation, changes
):
    lease = lease_of(operation, **changes)

    result = await settle(lease, lambda: lease)

    assert result.settle
    assert fake_gateway.keys == []


@pytest.mark.parametrize("operation", [CAPTURE, CANCEL, REFUND, REFRESH])
async def test_nothing_is_sent_once_the_lease_is_lost(settle, fake_gateway, lease_of, operation):
    def lost():
        raise LeaseLost

    with pytest.raises(LeaseLost):
        await settle(lease_of(operation), lost)

    assert fake_gateway.keys == []


async def test_a_payment_intent_that_stripe_does_not_have_is_no_guess(
    settle, fake_gateway, lease_of
):
    fake_gateway.settlements = [KEPT_500]
    lease = replace(lease_of(CANCEL), payment_intent_id="pi_none")

    result = await settle(lease, lambda: lease)

    assert (result.verdict.code, result.verdict.stripe_code) == (
        "invalid_request", "resource_missing",
    )  # fmt: skip
