"""Captures, cancellations and refunds with inconclusive responses."""

from dataclasses import replace

import pytest
from payment_service.errors import LeaseLost
from payment_service.executor.retry import KEY_LIFETIME_SECONDS
from payment_service.model.lease import Lease
from payment_service.model.operations import REFRESH, Operation, OperationKind
from payment_service.model.ports import Completed, Unknown
from payment_service.model.stripe_results import IntentSnapshot, RefundSnapshot, Rejected

CAPTURE = Operation(OperationKind.CAPTURE, amount=1000, currency="usd")
CANCEL = Operation(OperationKind.CANCEL, reason="abandoned")
REFUND = Operation(OperationKind.REFUND, amount=300, currency="usd", refund_id="r1")
HELD = IntentSnapshot("pi_1", "requires_capture", 1299)
TAKEN = replace(HELD, status="succeeded", amount_received=1299)
LOST = Unknown("connection lost", retryable=True)
STORED_500 = Unknown("APIError: 500 again")


@pytest.fixture(autouse=True)
def _hold(fake_gateway):
    fake_gateway.holds["pi_1"] = HELD


@pytest.fixture
def lease_of(make_request):
    return lambda operation, **changes: Lease(
        make_request(), operation=operation, payment_intent_id="pi_1", **changes
    )


@pytest.mark.parametrize("operation", [CAPTURE, CANCEL, REFUND])
async def test_a_request_without_a_response_is_retried_with_the_same_key(
    perform_lease, fake_gateway, lease_of, operation
):
    if operation is REFUND:
        fake_gateway.holds["pi_1"] = TAKEN
    fake_gateway.hold_faults = [LOST, LOST]
    lease = lease_of(operation)

    progress = await perform_lease(lease)

    assert isinstance(progress, Completed)
    assert fake_gateway.keys == [lease.idempotency_key] * 3


@pytest.mark.parametrize(("operation", "hold"), [(CAPTURE, HELD), (CANCEL, HELD), (REFUND, TAKEN)])
async def test_a_missing_effect_is_verified_first(
    perform_lease, fake_gateway, lease_of, operation, hold
):
    fake_gateway.holds["pi_1"], fake_gateway.hold_faults = hold, [STORED_500]
    lease = lease_of(operation)

    progress = await perform_lease(lease)

    assert (progress.verify, progress.pause_seconds) == (True, 90)


@pytest.mark.parametrize(("operation", "hold"), [(CAPTURE, HELD), (REFUND, TAKEN)])
async def test_a_verified_missing_effect_fails_the_operation(
    perform_lease, fake_gateway, lease_of, operation, hold
):
    fake_gateway.holds["pi_1"] = hold
    lease = lease_of(operation, verifying=True, verified=True, last_error="APIError: 500")

    progress = await perform_lease(lease)

    assert progress.result == Rejected("stripe_unavailable", "Last response: APIError: 500.")
    assert fake_gateway.keys == []


async def test_a_hold_that_still_stands_after_verification_is_canceled_under_another_key(
    perform_lease, lease_of
):
    lease = lease_of(CANCEL, verifying=True, verified=True, attempts=2)

    progress = await perform_lease(lease)

    assert (progress.new_key, progress.verify, progress.pause_seconds) == (True, False, 10)
    assert replace(lease, key_attempt=2).idempotency_key != lease.idempotency_key


@pytest.mark.parametrize("operation", [CAPTURE, CANCEL])
@pytest.mark.parametrize("found", [TAKEN, replace(HELD, status="canceled")])
async def test_stripes_state_is_the_result(perform_lease, fake_gateway, lease_of, operation, found):
    fake_gateway.holds["pi_1"], fake_gateway.hold_faults = found, [STORED_500]
    lease = lease_of(operation)

    progress = await perform_lease(lease)

    assert progress.result == found


async def test_a_refund_behind_a_stored_500_is_adopted(perform_lease, fake_gateway, lease_of):
    made = RefundSnapshot("re_1", 300, "r1")
    fake_gateway.holds["pi_1"] = replace(TAKEN, refunds=[made], amount_refunded=300)
    fake_gateway.hold_faults = [STORED_500]
    lease = lease_of(REFUND)

    assert (await perform_lease(lease)).result == made


@pytest.mark.parametrize(
    "changes", [{"age_seconds": KEY_LIFETIME_SECONDS}, {"cancel_requested": True}]
)
@pytest.mark.parametrize("operation", [CAPTURE, CANCEL])
async def test_no_request_is_sent_with_an_old_key_or_a_waiting_cancellation(
    perform_lease, fake_gateway, lease_of, operation, changes
):
    lease = lease_of(operation, **changes)

    progress = await perform_lease(lease)

    assert progress.verify
    assert fake_gateway.keys == []


@pytest.mark.parametrize("operation", [CAPTURE, CANCEL, REFUND, REFRESH])
async def test_no_request_is_sent_after_the_lease_is_lost(
    perform_lease, fake_gateway, lease_of, operation
):
    with pytest.raises(LeaseLost):
        await perform_lease(lease_of(operation), is_valid=lambda: False)

    assert fake_gateway.keys == []


async def test_canceling_a_missing_payment_intent_is_rejected(
    perform_lease, fake_gateway, lease_of
):
    fake_gateway.hold_faults = [STORED_500]
    lease = replace(lease_of(CANCEL), payment_intent_id="pi_none")

    progress = await perform_lease(lease)

    assert (progress.result.code, progress.result.stripe_code) == (
        "invalid_request", "resource_missing",
    )  # fmt: skip
