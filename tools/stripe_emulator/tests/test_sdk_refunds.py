"""Refunds, through the SDK."""

from typing import Any

import pytest
import stripe

START = 1_800_000_000


@pytest.fixture
def paid(client: stripe.StripeClient, hold: Any) -> stripe.PaymentIntent:
    return client.v1.payment_intents.create(hold(amount=1000, capture_method="automatic"))


def refused_refund(client: stripe.StripeClient, parameters: Any) -> stripe.InvalidRequestError:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create(parameters)
    assert refused.value.http_status == 400
    return refused.value


def test_without_an_amount_all_is_refunded(client: stripe.StripeClient, paid: Any, ledger: Any):
    refund = client.v1.refunds.create({"payment_intent": paid.id})
    assert (refund.amount, refund.currency, refund.status) == (1000, "usd", "succeeded")
    assert (refund.charge, refund.payment_intent) == (paid.latest_charge, paid.id)
    assert (refund.payment_method, refund.customer) == (paid.payment_method, None)
    assert refund.destination_details.card.type == "refund"
    charge = client.v1.charges.retrieve(paid.latest_charge)
    assert (charge.refunded, charge.amount_refunded, charge.amount_captured) == (True, 1000, 1000)
    assert client.v1.payment_intents.retrieve(paid.id).status == "succeeded"
    (line,) = ledger().payment_intents
    assert line["refunds"] == [
        {"refund": refund.id, "charge": charge.id, "amount": 1000, "at": START}
    ]


def test_it_can_be_refunded_in_parts_up_to_what_was_captured(
    client: stripe.StripeClient, hold: Any
):
    intent = client.v1.payment_intents.create(hold(amount=1000))
    client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 800})
    for amount in (500, 200):
        client.v1.refunds.create({"payment_intent": intent.id, "amount": amount})
    charge = client.v1.charges.retrieve(intent.latest_charge)
    assert (charge.refunded, charge.amount_refunded) == (False, 700)
    too_much = refused_refund(client, {"payment_intent": intent.id, "amount": 101})
    assert (too_much.param, too_much.code) == ("amount", None)
    assert "($1.01) is greater than unrefunded amount on charge ($1.00)" in str(too_much)
    client.v1.refunds.create({"charge": intent.latest_charge})
    again = refused_refund(client, {"payment_intent": intent.id, "amount": 1})
    assert again.code == "charge_already_refunded"


@pytest.mark.parametrize(
    ("amount", "code", "message"),
    [
        (1001, None, "Refund amount ($10.01) is greater than charge amount ($10.00)"),
        (0, "parameter_invalid_integer", "greater than or equal to 1"),
        (-5, "parameter_invalid_integer", "greater than or equal to 1"),
    ],
)
def test_an_amount_that_cannot_be_refunded_changes_nothing(
    client: stripe.StripeClient, paid: Any, amount: int, code: str | None, message: str
):
    error = refused_refund(client, {"payment_intent": paid.id, "amount": amount})
    assert (error.code, error.param) == (code, "amount")
    assert message in str(error)
    assert client.v1.charges.retrieve(paid.latest_charge).amount_refunded == 0
    assert client.v1.refunds.list().data == []


def test_what_was_never_captured_cannot_be_refunded(client: stripe.StripeClient, hold: Any):
    held = client.v1.payment_intents.create(hold())
    unconfirmed = client.v1.payment_intents.create(hold(confirm=None, off_session=None))
    for parameters in ({"payment_intent": held.id}, {"charge": held.latest_charge}):
        assert "You must cancel the PaymentIntent" in str(refused_refund(client, parameters))
    client.v1.payment_intents.cancel(held.id)
    for parameters in ({"payment_intent": held.id}, {"payment_intent": unconfirmed.id}):
        assert "does not have a successful charge" in str(refused_refund(client, parameters))


def test_what_to_refund_has_to_be_said_and_to_exist(client: stripe.StripeClient, paid: Any):
    assert "payment_intent or charge" in str(refused_refund(client, {}))
    assert refused_refund(client, {"payment_intent": "pi_1"}).code == "resource_missing"
    with pytest.raises(stripe.InvalidRequestError) as unknown:
        client.v1.refunds.create({"charge": "ch_1"})
    assert (unknown.value.http_status, unknown.value.param) == (404, "id")
    with pytest.raises(stripe.InvalidRequestError) as unknown:
        client.v1.refunds.retrieve("re_1")
    assert (unknown.value.http_status, unknown.value.code) == (404, "resource_missing")


def test_refunds_are_listed_and_their_metadata_changes(client: stripe.StripeClient, paid: Any):
    first = client.v1.refunds.create(
        {"payment_intent": paid.id, "amount": 1, "reason": "duplicate", "metadata": {"a": "1"}}
    )
    second = client.v1.refunds.create({"payment_intent": paid.id, "amount": 2})
    for group in ({"payment_intent": paid.id}, {"charge": paid.latest_charge}, {}):
        assert [item.id for item in client.v1.refunds.list(group)] == [second.id, first.id]
    changed = client.v1.refunds.update(first.id, {"metadata": {"b": "2"}})
    assert (changed.reason, changed.metadata.to_dict()) == ("duplicate", {"a": "1", "b": "2"})
    expanded = client.v1.refunds.retrieve(first.id, {"expand": ["payment_intent", "charge"]})
    assert (expanded.payment_intent.id, expanded.charge.amount_refunded) == (paid.id, 3)


def test_the_same_key_refunds_once(client: stripe.StripeClient, paid: Any):
    refunds = [
        client.v1.refunds.create({"payment_intent": paid.id}, {"idempotency_key": "k"}).id
        for _ in range(2)
    ]
    assert refunds[0] == refunds[1]
    assert client.v1.charges.retrieve(paid.latest_charge).amount_refunded == 1000


def test_a_canceled_hold_is_a_reversal_and_no_refund_of_money(
    client: stripe.StripeClient, hold: Any, ledger: Any
):
    intent = client.v1.payment_intents.create(hold())
    client.v1.payment_intents.cancel(intent.id, {"cancellation_reason": "duplicate"})
    (reversal,) = client.v1.refunds.list({"payment_intent": intent.id})
    assert (reversal.amount, reversal.reason) == (1299, "duplicate")
    assert reversal.destination_details.card.type == "reversal"
    charge = client.v1.charges.retrieve(intent.latest_charge)
    assert (charge.refunded, charge.amount_refunded, charge.captured) == (True, 1299, False)
    assert ledger().totals["usd"]["refunded"] == 0
