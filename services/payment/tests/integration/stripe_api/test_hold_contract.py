"""What every gateway promises of a hold: run against the fake and against the emulator."""

import pytest
from payment_service.model.operations import Kind, Operation
from payment_service.model.ports import Absent, Lease
from payment_service.model.stripe_results import Missing, Refused, Returned


@pytest.fixture(params=["fake", "emulator"])
def gateway(request):
    if request.param == "fake":
        return request.getfixturevalue("fake_gateway")
    return request.getfixturevalue("gateway_with")()


@pytest.fixture
async def lease_of(gateway, customer, make_payment):
    """The lease of an operation on a hold of 1299."""
    if hasattr(gateway, "customers"):
        gateway.customers.add(customer)
    payment = make_payment(stripe_customer_id=customer)
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
    return lambda amount=1000: lease_of(Kind.CAPTURE, amount=amount)


@pytest.fixture
def cancel(lease_of):
    return lambda: lease_of(Kind.CANCEL, reason="abandoned")


@pytest.fixture
def refund(lease_of):
    return lambda refund_id, amount=300: lease_of(Kind.REFUND, refund_id=refund_id, amount=amount)


async def test_a_hold_is_captured_in_part_and_the_rest_is_over(gateway, capture):
    first, again = [await gateway.capture(capture()) for _ in range(2)]

    for seen in (first, again, await gateway.look(first.payment_intent_id)):
        assert (seen.is_over, seen.amount, seen.amount_received) == (True, 1299, 1000)


async def test_a_captured_hold_says_so_whoever_wants_to_capture_or_cancel_it(
    gateway, capture, cancel
):
    await gateway.capture(capture())

    for answer in (await gateway.capture(capture(999)), await gateway.cancel(cancel())):
        assert (answer.status, answer.amount_received) == ("succeeded", 1000)


async def test_a_canceled_hold_says_so_whoever_wants_to_capture_or_cancel_it(
    gateway, capture, cancel
):
    first = await gateway.cancel(cancel())

    for answer in (first, await gateway.cancel(cancel()), await gateway.capture(capture())):
        assert (answer.status, answer.amount_received, answer.has_expired) == (
            "canceled", 0, False,
        )  # fmt: skip


async def test_more_than_is_held_is_not_captured(gateway, capture):
    answer = await gateway.capture(capture(1300))

    assert isinstance(answer, Refused)
    assert (answer.code, answer.stripe_code) == ("amount_too_large", "amount_too_large")
    assert (await gateway.look(capture().payment_intent_id)).is_held


async def test_a_refund_is_made_once_however_often_it_is_asked_for(gateway, capture, refund):
    seen = await gateway.capture(capture())

    first, again = [await gateway.refund(refund("r1")) for _ in range(2)]
    other = await gateway.refund(refund("r2"))

    assert first == again == Returned(first.stripe_refund_id, 300, "r1")
    assert other.stripe_refund_id != first.stripe_refund_id
    assert await gateway.find_refund(seen.payment_intent_id, "r1") == first
    looked = await gateway.look(seen.payment_intent_id)
    assert {each.refund_id for each in looked.refunds} == {"r1", "r2"}
    assert looked.amount_refunded == 600


async def test_more_than_was_captured_is_not_given_back(gateway, capture, refund):
    seen = await gateway.capture(capture())

    answers = [await gateway.refund(refund(f"r{at}", 600)) for at in range(2)]

    assert [type(answer) for answer in answers] == [Returned, Refused]
    assert answers[1].code == "amount_too_large"
    assert await gateway.find_refund(seen.payment_intent_id, "r1") == Absent()


async def test_what_stripe_does_not_have_is_missing(gateway):
    assert isinstance(await gateway.look("pi_none"), Missing)
