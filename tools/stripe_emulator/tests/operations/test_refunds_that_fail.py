"""Refunds that fail after some time."""

from typing import Any

import stripe
from stripe_emulator.operations.refunds import FAILS_AFTER_SECONDS


def refund_that_will_fail(client: stripe.StripeClient, hold: Any, amount: int) -> stripe.Refund:
    intent = client.v1.payment_intents.create(hold(payment_method="pm_card_refundFail"))
    client.v1.payment_intents.capture(intent.id)
    return client.v1.refunds.create({"payment_intent": intent.id, "amount": amount})


def test_refund_fails_after_its_delay_and_can_be_repeated(
    client: stripe.StripeClient, hold: Any, http: Any, ledger: Any
):
    refund = refund_that_will_fail(client, hold, 300)
    http.post("/_emulator/clock", json={"advance_seconds": FAILS_AFTER_SECONDS - 1})
    assert client.v1.refunds.retrieve(refund.id).status == "succeeded"
    assert ledger().totals["usd"]["refunded"] == 300

    http.post("/_emulator/clock", json={"advance_seconds": 1})

    failed = client.v1.refunds.retrieve(refund.id)
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    assert client.v1.charges.retrieve(str(refund.charge)).amount_refunded == 0
    assert ledger().totals["usd"]["refunded"] == 0
    assert client.v1.refunds.create({"charge": str(refund.charge)}).amount == 1299


def test_events_of_a_failed_refund_have_previous_attributes(
    client: stripe.StripeClient, hold: Any, http: Any
):
    refund = refund_that_will_fail(client, hold, 1299)
    http.post("/_emulator/clock", json={"advance_seconds": FAILS_AFTER_SECONDS})

    *_, failed = client.v1.events.list({"limit": 3}).data
    types = [event.type for event in reversed(client.v1.events.list({"limit": 3}).data)]
    assert types == ["refund.failed", "refund.updated", "charge.refund.updated"]
    assert (failed.data.object.id, failed.request.id) == (refund.id, None)
    before = failed.data.previous_attributes.to_dict()
    assert before == {"failure_reason": None, "status": "succeeded"}
