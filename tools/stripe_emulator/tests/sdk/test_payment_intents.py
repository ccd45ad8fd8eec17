"""The rules of PaymentIntents, through the SDK."""

from typing import Any

import pytest
import stripe

START = 1_800_000_000
DAY = 86_400


def test_payment_intent_has_all_fields_of_stripe(client: stripe.StripeClient, hold: Any):
    intent = client.v1.payment_intents.create(hold(description="Food", metadata={"saga_id": "s"}))
    assert len(intent.to_dict()) == 42
    assert (intent.object, intent.livemode, intent.created) == ("payment_intent", False, START)
    assert intent.client_secret.startswith(f"{intent.id}_secret_")
    assert (intent.description, intent.metadata.to_dict()) == ("Food", {"saga_id": "s"})
    assert isinstance(intent.latest_charge, str)


def test_hold_has_a_capture_before(client: stripe.StripeClient, hold: Any):
    intent = client.v1.payment_intents.create(hold(expand=["latest_charge"]))
    details = intent.latest_charge.payment_method_details.card
    assert details.capture_before == START + 4 * DAY + 18 * 3600
    assert details.amount_authorized == 1299
    assert (intent.latest_charge.captured, intent.latest_charge.paid) == (False, True)
    present = client.v1.payment_intents.create(hold(off_session=None, expand=["latest_charge"]))
    card = present.latest_charge.payment_method_details.card
    assert card.capture_before == START + 7 * DAY


def test_partial_capture_releases_the_rest(client: stripe.StripeClient, hold: Any, ledger: Any):
    intent = client.v1.payment_intents.create(hold())
    captured = client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 1000})
    assert (captured.amount_received, captured.amount_capturable) == (1000, 0)
    (line,) = ledger().payment_intents
    assert [move["amount"] for move in line["releases"]] == [299]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.capture(intent.id)
    assert refused.value.code == "payment_intent_unexpected_state"


@pytest.mark.parametrize(
    "confirm",
    [
        {},
        {"confirm": True},
        {
            "confirm": True,
            "payment_method": "pm_card_threeDSecure2Required",
            "off_session": None,
        },
    ],
)
def test_cancel_releases_the_hold(
    client: stripe.StripeClient, hold: Any, ledger: Any, confirm: dict[str, Any]
):
    unconfirmed = {} if confirm else {"confirm": None, "off_session": None}
    intent = client.v1.payment_intents.create(hold(**confirm, **unconfirmed))
    canceled = client.v1.payment_intents.cancel(
        intent.id, {"cancellation_reason": "requested_by_customer"}
    )
    assert (canceled.status, canceled.canceled_at) == ("canceled", START)
    assert canceled.cancellation_reason == "requested_by_customer"
    assert (canceled.amount_capturable, canceled.next_action) == (0, None)
    (line,) = ledger().payment_intents
    assert sum(move["amount"] for move in line["releases"]) == sum(
        move["amount"] for move in line["holds"]
    )
    for verb in ("cancel", "capture", "confirm"):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            getattr(client.v1.payment_intents, verb)(intent.id)
        assert refused.value.code == "payment_intent_unexpected_state"
        assert refused.value.error.payment_intent.to_dict() == canceled.to_dict()
