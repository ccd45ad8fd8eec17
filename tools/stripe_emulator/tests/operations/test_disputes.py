"""Disputes: opened by test cards, and ended by evidence or by acceptance."""

from typing import Any

import pytest
import stripe


def dispute_of(client: stripe.StripeClient, hold: Any, card: str) -> stripe.Dispute:
    intent = client.v1.payment_intents.create(hold(payment_method=f"pm_card_{card}"))
    assert client.v1.disputes.list({"payment_intent": intent.id}).data == []
    client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 1_000})
    (dispute,) = client.v1.disputes.list({"payment_intent": intent.id}).data
    return dispute


def types(client: stripe.StripeClient) -> list[str]:
    listed = client.v1.events.list({"limit": 100}).data
    return [event.type for event in reversed(listed) if event.type.startswith("charge.dispute")]


@pytest.mark.parametrize(
    ("evidence", "status", "last"),
    [
        ("winning_evidence", "won", ["closed", "funds_reinstated"]),
        ("losing_evidence", "lost", ["closed"]),
        ("other", "under_review", []),
    ],
)
def test_evidence_decides_a_dispute(
    client: stripe.StripeClient, hold: Any, evidence: str, status: str, last: list[str]
):
    dispute = dispute_of(client, hold, "createDispute")
    assert (dispute.status, dispute.amount, dispute.reason) == (
        "needs_response", 1_000, "fraudulent",
    )  # fmt: skip

    answer = client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": evidence}})

    assert (answer.status, client.v1.disputes.retrieve(dispute.id).status) == (status, status)
    names = ["created", "funds_withdrawn", "updated", *last]
    assert types(client) == [f"charge.dispute.{name}" for name in names]


def test_an_accepted_dispute_is_lost_and_its_charge_cannot_be_refunded(
    client: stripe.StripeClient, hold: Any
):
    dispute = dispute_of(client, hold, "createDisputeProductNotReceived")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"charge": str(dispute.charge)})

    assert refused.value.code == "charge_disputed"
    assert client.v1.disputes.close(dispute.id).status == "lost"
    with pytest.raises(stripe.InvalidRequestError, match="already closed"):
        client.v1.disputes.close(dispute.id)


def test_an_inquiry_takes_no_money_and_is_closed(client: stripe.StripeClient, hold: Any):
    dispute = dispute_of(client, hold, "createDisputeInquiry")

    assert dispute.status == "warning_needs_response"
    assert client.v1.disputes.close(dispute.id).status == "warning_closed"
    assert types(client) == ["charge.dispute.created", "charge.dispute.closed"]
    assert client.v1.refunds.create({"charge": str(dispute.charge)}).amount == 1_000
