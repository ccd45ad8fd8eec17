"""The contract of gateways for holds and refunds, run against the fake and the emulator."""

import pytest
from payment_service.model.lease import Lease
from payment_service.model.operations import Operation, OperationKind
from payment_service.model.ports import Absent
from payment_service.model.stripe_results import NotFound, RefundSnapshot, Rejected


@pytest.fixture(params=["fake", "emulator"])
def gateway(request):
    if request.param == "fake":
        return request.getfixturevalue("fake_gateway")
    return request.getfixturevalue("gateway_with")()


@pytest.fixture
async def lease_of(gateway, customer, make_request):
    """The lease of an operation on a hold of 1299."""
    if hasattr(gateway, "customers"):
        gateway.customers.add(customer)
    payment = make_request(stripe_customer_id=customer)
    held = await gateway.authorize(payment)

    def lease_of(kind, **fields):
        return Lease(
            payment,
            operation=Operation(kind, currency="usd", **fields),
            payment_intent_id=held.payment_intent_id,
        )

    return lease_of


@pytest.fixture
def capture(lease_of):
    return lambda amount=1000: lease_of(OperationKind.CAPTURE, amount=amount)


@pytest.fixture
def cancel(lease_of):
    return lambda: lease_of(OperationKind.CANCEL, reason="abandoned")


@pytest.fixture
def refund(lease_of):
    return lambda refund_id, amount=300: lease_of(
        OperationKind.REFUND, refund_id=refund_id, amount=amount
    )


async def test_a_partial_capture_ends_the_hold(gateway, capture):
    first, again = [await gateway.capture(capture()) for _ in range(2)]

    for intent in (first, again, await gateway.fetch(first.payment_intent_id)):
        assert (intent.is_over, intent.amount, intent.amount_received) == (True, 1299, 1000)


async def test_capturing_or_canceling_a_captured_hold_returns_it_as_captured(
    gateway, capture, cancel
):
    await gateway.capture(capture())

    for response in (await gateway.capture(capture(999)), await gateway.cancel(cancel())):
        assert (response.status, response.amount_received) == ("succeeded", 1000)


async def test_capturing_or_canceling_a_canceled_hold_returns_it_as_canceled(
    gateway, capture, cancel
):
    first = await gateway.cancel(cancel())

    for response in (first, await gateway.cancel(cancel()), await gateway.capture(capture())):
        assert (response.status, response.amount_received, response.has_expired) == (
            "canceled", 0, False,
        )  # fmt: skip


async def test_more_than_the_held_amount_is_rejected(gateway, capture):
    response = await gateway.capture(capture(1300))

    assert isinstance(response, Rejected)
    assert (response.code, response.stripe_code) == ("amount_too_large", "amount_too_large")
    assert (await gateway.fetch(capture().payment_intent_id)).is_held


async def test_a_repeated_refund_is_created_once(gateway, capture, refund):
    intent = await gateway.capture(capture())

    first, again = [await gateway.refund(refund("r1")) for _ in range(2)]
    other = await gateway.refund(refund("r2"))

    assert first == again == RefundSnapshot(first.stripe_refund_id, 300, "r1")
    assert other.stripe_refund_id != first.stripe_refund_id
    assert await gateway.find_refund(intent.payment_intent_id, "r1") == first
    fetched = await gateway.fetch(intent.payment_intent_id)
    assert {refund.refund_id for refund in fetched.refunds} == {"r1", "r2"}
    assert fetched.amount_refunded == 600


async def test_more_than_the_captured_amount_is_not_refunded(gateway, capture, refund):
    intent = await gateway.capture(capture())

    responses = [await gateway.refund(refund(f"r{at}", 600)) for at in range(2)]

    assert [type(response) for response in responses] == [RefundSnapshot, Rejected]
    assert responses[1].code == "amount_too_large"
    assert await gateway.find_refund(intent.payment_intent_id, "r1") == Absent()


async def test_a_missing_payment_intent_is_not_found(gateway):
    assert isinstance(await gateway.fetch("pi_none"), NotFound)
