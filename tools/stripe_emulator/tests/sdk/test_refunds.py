"""Refunds, through the SDK."""

from typing import Any

import pytest
import stripe

START = 1_800_000_000


@pytest.fixture
def paid(client: stripe.StripeClient, hold: Any) -> stripe.PaymentIntent:
    return client.v1.payment_intents.create(hold(amount=1000, capture_method="automatic"))


def test_refund_without_amount_is_full(client: stripe.StripeClient, paid: Any, ledger: Any):
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


def test_canceled_hold_is_a_reversal(client: stripe.StripeClient, hold: Any, ledger: Any):
    intent = client.v1.payment_intents.create(hold())
    client.v1.payment_intents.cancel(intent.id, {"cancellation_reason": "duplicate"})
    (reversal,) = client.v1.refunds.list({"payment_intent": intent.id})
    assert (reversal.amount, reversal.reason) == (1299, "duplicate")
    assert reversal.destination_details.card.type == "reversal"
    charge = client.v1.charges.retrieve(intent.latest_charge)
    assert (charge.refunded, charge.amount_refunded, charge.captured) == (True, 1299, False)
    assert ledger().totals["usd"]["refunded"] == 0
