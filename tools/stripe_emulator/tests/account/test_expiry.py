"""Holds that expire."""

from typing import Any

import pytest
import stripe
from stripe_emulator.account.clock import Clock

START = 1_800_000_000
VISA_OFF_SESSION = (4 * 24 + 18) * 3600
WEEK = 7 * 24 * 3600


def test_hold_expires_at_its_deadline(
    client: stripe.StripeClient, hold: Any, http: Any, ledger: Any
):
    intent = client.v1.payment_intents.create(hold())
    http.post("/_emulator/clock", json={"advance_seconds": VISA_OFF_SESSION - 1})
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_capture"
    http.post("/_emulator/clock", json={"advance_seconds": 1})
    expired = client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    assert (expired.status, expired.cancellation_reason) == ("canceled", "automatic")
    assert (expired.canceled_at, expired.amount_capturable) == (START + VISA_OFF_SESSION, 0)
    assert (expired.latest_charge.refunded, expired.latest_charge.captured) == (True, False)
    (reversal,) = client.v1.refunds.list({"payment_intent": intent.id})
    assert (reversal.reason, reversal.amount) == ("expired_uncaptured_charge", 1299)
    assert ledger().totals["usd"]["released"] == 1299
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.capture(intent.id)
    assert refused.value.code == "payment_intent_unexpected_state"


def test_events_of_an_expiry_have_no_request(client: stripe.StripeClient, hold: Any, http: Any):
    intent = client.v1.payment_intents.create(hold())
    http.post("/_emulator/clock", json={"advance_seconds": WEEK})
    *_, canceled, refunded, created, expired = reversed(client.v1.events.list().data)
    events = [expired, created, refunded, canceled][::-1]
    assert [event.type for event in events] == [
        "charge.expired",
        "refund.created",
        "charge.refunded",
        "payment_intent.canceled",
    ]
    assert {(event.request.id, event.created) for event in events} == {
        (None, START + VISA_OFF_SESSION)
    }
    assert canceled.id != expired.id
    assert intent.id == events[-1].data.object.id


def test_holds_expire_in_the_order_of_their_deadlines(
    client: stripe.StripeClient, hold: Any, http: Any
):
    longer = client.v1.payment_intents.create(hold(payment_method="pm_card_amex"))
    shorter = client.v1.payment_intents.create(hold())
    captured = client.v1.payment_intents.create(hold())
    client.v1.payment_intents.capture(captured.id)
    client.v1.payment_intents.cancel(client.v1.payment_intents.create(hold()).id)
    http.post("/_emulator/clock", json={"advance_seconds": WEEK})
    expired = client.v1.events.list({"type": "charge.expired"}).data
    assert [event.data.object.payment_intent for event in reversed(expired)] == [
        shorter.id,
        longer.id,
    ]
    assert client.v1.payment_intents.retrieve(captured.id).status == "succeeded"


def test_hold_expires_without_a_request(
    client: stripe.StripeClient, hold: Any, clock: Clock, running: Any, until: Any
):
    intent = client.v1.payment_intents.create(hold())
    clock.advance(WEEK)
    account = running.emulator.account
    until(lambda: account.payment_intents.get(intent.id).status == "canceled")
