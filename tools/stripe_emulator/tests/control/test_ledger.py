from typing import Any

import pytest
import stripe


def test_money_is_conserved(client: stripe.StripeClient, hold: Any, ledger: Any):
    intents = client.v1.payment_intents
    intents.create(hold(amount=100))
    intents.capture(intents.create(hold(amount=200)).id)
    intents.capture(intents.create(hold(amount=400)).id, {"amount_to_capture": 150})
    intents.cancel(intents.create(hold(amount=800)).id)
    intents.create(hold(amount=1600, capture_method="automatic"))
    intents.create(hold(amount=77, currency="eur"))
    with pytest.raises(stripe.CardError):
        intents.create(hold(payment_method="pm_card_chargeDeclined"))
    refunded = intents.create(hold(amount=3200, capture_method="automatic"))
    client.v1.refunds.create({"payment_intent": refunded.id, "amount": 200})
    usd = {"authorized": 6300, "captured": 5150, "released": 1050, "refunded": 200, "held": 100}
    eur = {"authorized": 77, "captured": 0, "released": 0, "refunded": 0, "held": 77}
    assert ledger().totals == {"usd": usd, "eur": eur}
    balance = client.v1.balance.retrieve()
    assert [(sum_.currency, sum_.amount) for sum_ in balance.pending] == [("usd", 4950), ("eur", 0)]
    for line in ledger().payment_intents:
        sums = {
            name: sum(move["amount"] for move in line[name])
            for name in ("holds", "captures", "releases")
        }
        assert sums["holds"] == sums["captures"] + sums["releases"] + line["held"]
        assert len(line["holds"]) == (line["status"] != "requires_payment_method")


def test_ledger_has_customer_metadata_and_keys(client: stripe.StripeClient, hold: Any, ledger: Any):
    customer = client.v1.customers.create()
    made = client.v1.payment_intents.create(
        hold(customer=customer.id, metadata={"saga_id": "s"}), {"idempotency_key": "k"}
    )
    (line,) = ledger().payment_intents
    assert line["customer"] == customer.id
    assert line["metadata"] == {"saga_id": "s"}
    assert line["holds"] == [{"charge": made.latest_charge, "amount": 1299, "at": made.created}]
    key = {key["key"]: key for key in ledger().idempotency_keys}["k"]
    assert (key["status"], key["request_id"]) == (200, made.last_response.request_id)
