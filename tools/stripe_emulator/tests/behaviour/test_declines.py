"""Every row of the table of test cards, off session. https://docs.stripe.com/testing."""

from typing import Any, NamedTuple

import pytest
import stripe


class Row(NamedTuple):
    token: str
    code: str
    decline_code: str
    param: str | None = None
    advice_code: str | None = None
    network_decline_code: str | None = None


AGAIN = "try_again_later"
NEVER = "do_not_try_again"
CHECK = "confirm_card_data"
DECLINES = [
    Row("visa_chargeDeclined", "card_declined", "generic_decline", None, AGAIN, "01"),
    Row("chargeDeclined", "card_declined", "generic_decline", None, AGAIN, "01"),
    Row(
        "visa_chargeDeclinedInsufficientFunds",
        "card_declined",
        "insufficient_funds",
        None,
        AGAIN,
        "51",
    ),
    Row("visa_chargeDeclinedLostCard", "card_declined", "lost_card", None, NEVER, "41"),
    Row("visa_chargeDeclinedStolenCard", "card_declined", "stolen_card", None, NEVER, "43"),
    Row("chargeDeclinedExpiredCard", "expired_card", "expired_card", "exp_month", CHECK, "54"),
    Row("chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc", "cvc", CHECK, "N7"),
    Row("chargeDeclinedProcessingError", "processing_error", "processing_error", None, AGAIN, "06"),
    Row(
        "visa_chargeDeclinedVelocityLimitExceeded",
        "card_declined",
        "card_velocity_exceeded",
        None,
        AGAIN,
        "61",
    ),
]
UNVERIFIED = [
    Row("chargeDeclinedFraudulent", "card_declined", "fraudulent"),
    Row("chargeCustomerFail", "card_declined", "generic_decline", None, AGAIN, "01"),
    Row("radarBlock", "card_declined", "fraudulent"),
]
BLOCKED = ("radarBlock",)
TABLE = [
    *(pytest.param(row, id=row.token) for row in DECLINES),
    *(
        pytest.param(
            row,
            id=row.token,
            marks=pytest.mark.unverified("advice and network codes of some cards"),
        )
        for row in UNVERIFIED
    ),
]


def check_decline(row: Row, refused: stripe.CardError) -> None:
    error = refused.error
    assert refused.http_status == 402
    assert (refused.code, error.decline_code) == (row.code, row.decline_code)
    assert refused.json_body["error"].get("advice_code") == row.advice_code
    assert refused.json_body["error"].get("network_decline_code") == row.network_decline_code
    assert refused.param == row.param
    assert error.doc_url.endswith(row.code.replace("_", "-"))
    assert error.payment_method.id.startswith("pm_1")
    intent = error.payment_intent
    assert (intent.status, intent.payment_method) == ("requires_payment_method", None)
    assert (intent.amount_capturable, intent.amount_received) == (0, 0)
    assert intent.last_payment_error.code == row.code
    assert intent.latest_charge == error.charge


@pytest.mark.feature("Declines: the whole table")
@pytest.mark.parametrize("row", TABLE)
def test_declining_card_is_declined(client: stripe.StripeClient, hold: Any, row: Row):
    with pytest.raises(stripe.CardError) as refused:
        client.v1.payment_intents.create(hold(payment_method=f"pm_card_{row.token}"))
    check_decline(row, refused.value)


@pytest.mark.feature("Declines: the whole table")
@pytest.mark.parametrize("row", TABLE)
async def test_declining_card_is_declined_by_the_async_client(
    async_client: stripe.StripeClient, hold: Any, row: Row
):
    with pytest.raises(stripe.CardError) as refused:
        await async_client.v1.payment_intents.create_async(
            hold(payment_method=f"pm_card_{row.token}")
        )
    check_decline(row, refused.value)


@pytest.mark.feature("Declines: the PaymentIntent and the charge that are left")
@pytest.mark.parametrize("row", TABLE)
def test_declined_payment_intent_keeps_its_failed_charge(
    client: stripe.StripeClient, hold: Any, row: Row
):
    with pytest.raises(stripe.CardError) as refused:
        client.v1.payment_intents.create(hold(payment_method=f"pm_card_{row.token}"))
    left = refused.value.error.payment_intent
    kept = client.v1.payment_intents.retrieve(left.id)
    assert kept.to_dict() == left.to_dict()
    charge = client.v1.charges.retrieve(kept.latest_charge)
    assert (charge.status, charge.paid, charge.failure_code) == ("failed", False, row.code)
    assert charge.outcome.type == ("blocked" if row.token in BLOCKED else "issuer_declined")


@pytest.mark.feature("Declines: the PaymentIntent and the charge that are left")
def test_declined_payment_intent_succeeds_with_another_card(client: stripe.StripeClient, hold: Any):
    with pytest.raises(stripe.CardError) as refused:
        client.v1.payment_intents.create(hold(payment_method="pm_card_chargeDeclined"))
    intent = client.v1.payment_intents.confirm(
        refused.value.error.payment_intent.id, {"payment_method": "pm_card_visa"}
    )
    assert (intent.status, intent.last_payment_error) == ("requires_capture", None)
    assert len(client.v1.charges.list({"payment_intent": intent.id}).data) == 2
    client.v1.payment_intents.cancel(intent.id)


@pytest.mark.feature("Declines: when a card is attached")
@pytest.mark.parametrize("row", DECLINES, ids=lambda row: row.token)
def test_declining_card_cannot_be_attached(
    client: stripe.StripeClient, customer: stripe.Customer, row: Row
):
    with pytest.raises(stripe.CardError) as refused:
        client.v1.payment_methods.attach(f"pm_card_{row.token}", {"customer": customer.id})
    assert refused.value.http_status == 402
    assert (refused.value.code, refused.value.error.decline_code) == (row.code, row.decline_code)
    assert not client.v1.customers.payment_methods.list(customer.id).data


@pytest.mark.feature("Declines: when a card is attached")
def test_card_that_fails_when_charged_can_be_attached(
    client: stripe.StripeClient, hold: Any, customer: stripe.Customer
):
    card = client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer.id})
    assert card.card.last4 == "0341"
    with pytest.raises(stripe.CardError) as refused:
        client.v1.payment_intents.create(hold(customer=customer.id, payment_method=card.id))
    assert refused.value.error.decline_code == "generic_decline"
    assert refused.value.error.payment_method.id == card.id
