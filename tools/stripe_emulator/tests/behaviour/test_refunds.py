"""Refunds, full, partial and too large. https://docs.stripe.com/api/refunds."""

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
import stripe

Pay: TypeAlias = Callable[..., stripe.PaymentIntent]


@pytest.fixture
def paid(pay: Pay) -> stripe.PaymentIntent:
    """A PaymentIntent of 1299 that was captured immediately."""
    return pay(capture_method="automatic")


def refusal(client: stripe.StripeClient, **parameters: object) -> stripe.InvalidRequestError:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create(parameters)
    assert refused.value.http_status == 400
    return refused.value


@pytest.mark.feature("Refunds: full and partial")
def test_refund_has_its_amount_and_objects(client: stripe.StripeClient, paid: stripe.PaymentIntent):
    wanted = {"reason": "requested_by_customer", "metadata": {"saga_id": "a"}}
    refund = client.v1.refunds.create({"payment_intent": paid.id, **wanted})
    assert refund.id.startswith("re_")
    assert (refund.object, refund.reason) == ("refund", "requested_by_customer")
    assert (refund.payment_intent, refund.charge) == (paid.id, paid.latest_charge)
    assert refund.payment_method == paid.payment_method
    assert refund.metadata.to_dict() == {"saga_id": "a"}
    assert refund.destination_details.type == "card"


@pytest.mark.feature("Refunds: full and partial")
def test_full_refund_returns_the_whole_amount(
    client: stripe.StripeClient, paid: stripe.PaymentIntent
):
    refund = client.v1.refunds.create({"payment_intent": paid.id})
    assert (refund.amount, refund.status, refund.currency) == (1299, "succeeded", "usd")
    charge = client.v1.charges.retrieve(paid.latest_charge)
    assert (charge.refunded, charge.amount_refunded, charge.captured) == (True, 1299, True)
    assert client.v1.payment_intents.retrieve(paid.id).status == "succeeded"


@pytest.mark.feature("Refunds: full and partial")
def test_partial_refunds_up_to_the_whole_amount(
    client: stripe.StripeClient, paid: stripe.PaymentIntent
):
    first = client.v1.refunds.create({"charge": paid.latest_charge, "amount": 500})
    assert (first.amount, first.payment_intent) == (500, paid.id)
    charge = client.v1.charges.retrieve(paid.latest_charge)
    assert (charge.refunded, charge.amount_refunded) == (False, 500)
    rest = client.v1.refunds.create({"charge": paid.latest_charge})
    assert rest.amount == 799
    charge = client.v1.charges.retrieve(paid.latest_charge)
    assert (charge.refunded, charge.amount_refunded) == (True, 1299)


@pytest.mark.feature("Refunds: full and partial")
def test_partially_captured_charge_is_refunded_up_to_the_captured_amount(
    client: stripe.StripeClient, pay: Pay
):
    intent = client.v1.payment_intents.capture(pay().id, {"amount_to_capture": 1000})
    error = refusal(client, payment_intent=intent.id, amount=1001)
    assert (error.code, error.param) == (None, "amount")
    refund = client.v1.refunds.create({"payment_intent": intent.id})
    assert (refund.amount, refund.status) == (1000, "succeeded")


@pytest.mark.feature("Refunds: full and partial")
def test_refunds_are_listed_by_payment_intent_and_charge(
    client: stripe.StripeClient, paid: stripe.PaymentIntent
):
    made = [
        client.v1.refunds.create({"payment_intent": paid.id, "amount": amount}).id
        for amount in (100, 200)
    ]
    for by in ({"payment_intent": paid.id}, {"charge": paid.latest_charge}):
        assert [item.id for item in client.v1.refunds.list(by).data] == made[::-1]
    assert client.v1.refunds.retrieve(made[0]).amount == 100
    changed = client.v1.refunds.update(made[0], {"metadata": {"a": "b"}})
    assert changed.metadata.to_dict() == {"a": "b"}


@pytest.mark.feature("Refunds: repeated under one key")
def test_refund_is_replayed_under_its_key(
    client: stripe.StripeClient, paid: stripe.PaymentIntent, unique: str
):
    first, again = (
        client.v1.refunds.create({"payment_intent": paid.id}, {"idempotency_key": unique})
        for _ in range(2)
    )
    assert again.to_dict() == first.to_dict()
    assert again.last_response.headers["idempotent-replayed"] == "true"


@pytest.mark.feature("Refunds: what is refused")
def test_refund_above_the_charge_is_refused(
    client: stripe.StripeClient, paid: stripe.PaymentIntent
):
    error = refusal(client, payment_intent=paid.id, amount=1300)
    assert (error.code, error.param) == (None, "amount")
    assert error.user_message == "Refund amount ($13.00) is greater than charge amount ($12.99)"


@pytest.mark.feature("Refunds: what is refused")
def test_refund_above_the_unrefunded_amount_is_refused(
    client: stripe.StripeClient, paid: stripe.PaymentIntent
):
    client.v1.refunds.create({"payment_intent": paid.id, "amount": 1000})
    error = refusal(client, payment_intent=paid.id, amount=300)
    assert (error.code, error.param) == (None, "amount")
    assert error.user_message == (
        "Refund amount ($3.00) is greater than unrefunded amount on charge ($2.99)"
    )
    charge = client.v1.charges.retrieve(paid.latest_charge)
    assert charge.amount_refunded == 1000


@pytest.mark.feature("Refunds: what is refused")
def test_refunded_charge_is_not_refunded_again(
    client: stripe.StripeClient, paid: stripe.PaymentIntent
):
    client.v1.refunds.create({"payment_intent": paid.id})
    error = refusal(client, payment_intent=paid.id, amount=1)
    assert error.code == "charge_already_refunded"
    assert error.user_message == f"Charge {paid.latest_charge} has already been refunded."


@pytest.mark.feature("Refunds: what is refused")
@pytest.mark.parametrize("amount", [0, -5])
def test_refund_of_zero_is_refused(
    client: stripe.StripeClient, paid: stripe.PaymentIntent, amount: int
):
    error = refusal(client, payment_intent=paid.id, amount=amount)
    assert (error.code, error.param) == ("parameter_invalid_integer", "amount")


@pytest.mark.feature("Refunds: what is refused")
def test_refund_requires_a_charge_or_payment_intent(client: stripe.StripeClient):
    error = refusal(client, amount=100)
    assert "payment_intent or charge" in (error.user_message or "")


@pytest.mark.feature("Refunds: what is refused")
def test_unknown_charge_is_404_though_it_is_in_the_body(client: stripe.StripeClient):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"charge": "ch_unknown"})
    error = refused.value
    assert (error.http_status, error.code, error.param) == (404, "resource_missing", "id")


@pytest.mark.feature("Refunds: what is refused")
def test_unknown_payment_intent_is_400_and_an_unknown_refund_404(client: stripe.StripeClient):
    assert refusal(client, payment_intent="pi_unknown").code == "resource_missing"
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.retrieve("re_unknown")
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")


@pytest.mark.feature("Refunds: what is refused")
def test_reason_must_be_one_of_three(client: stripe.StripeClient, paid: stripe.PaymentIntent):
    error = refusal(client, payment_intent=paid.id, reason="expired_uncaptured_charge")
    assert error.param == "reason"


@pytest.mark.feature("Refunds: what is refused")
def test_uncharged_payment_intent_cannot_be_refunded(client: stripe.StripeClient, pay: Pay):
    intent = pay(confirm=None, off_session=None)
    error = refusal(client, payment_intent=intent.id)
    assert error.user_message == (
        f"This PaymentIntent ({intent.id}) does not have a successful charge to refund."
    )


@pytest.mark.feature("Refunds: what is refused")
def test_hold_cannot_be_refunded(client: stripe.StripeClient, pay: Pay):
    intent = pay()
    for held in ({"charge": intent.latest_charge}, {"payment_intent": intent.id}):
        error = refusal(client, **held, amount=100)
        assert "must cancel the PaymentIntent" in (error.user_message or "")
    assert client.v1.payment_intents.retrieve(intent.id).amount_capturable == 1299
    client.v1.payment_intents.cancel(intent.id)
    error = refusal(client, charge=intent.latest_charge)
    assert "does not have a successful charge" in (error.user_message or "")


@pytest.mark.feature("A canceled hold shows as a refund")
def test_charge_of_a_canceled_hold_is_refunded(client: stripe.StripeClient, pay: Pay):
    intent: Any = client.v1.payment_intents.cancel(pay().id)
    charge = client.v1.charges.retrieve(intent.latest_charge)
    assert (charge.refunded, charge.amount_refunded) == (True, 1299)
    assert (charge.captured, charge.amount_captured) == (False, 0)
    (refund,) = client.v1.refunds.list({"charge": charge.id}).data
    assert (refund.amount, refund.status) == (1299, "succeeded")
