"""Every row of the table of test cards, through the SDK, synchronous and asynchronous."""

from typing import Any, NamedTuple

import pytest
import stripe


class Row(NamedTuple):
    token: str
    code: str
    decline_code: str
    param: str | None = None
    advice_code: str | None = None
    charged: bool = True


AGAIN = "try_again_later"
NEVER = "do_not_try_again"
CHECK = "confirm_card_data"
DECLINES = [
    Row("visa_chargeDeclined", "card_declined", "generic_decline", None, AGAIN),
    Row("chargeDeclined", "card_declined", "generic_decline", None, AGAIN),
    Row("visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds", None, AGAIN),
    Row("visa_chargeDeclinedLostCard", "card_declined", "lost_card", None, NEVER),
    Row("visa_chargeDeclinedStolenCard", "card_declined", "stolen_card", None, NEVER),
    Row("chargeDeclinedExpiredCard", "expired_card", "expired_card", "exp_month", CHECK),
    Row("chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc", "cvc", CHECK),
    Row("chargeDeclinedProcessingError", "processing_error", "processing_error", None, AGAIN),
    Row("chargeDeclinedFraudulent", "card_declined", "fraudulent"),
]
UNVERIFIED = [
    Row("visa_chargeDeclinedVelocityLimitExceeded", "card_declined", "card_velocity_exceeded"),
    Row("chargeCustomerFail", "card_declined", "generic_decline", None, AGAIN),
    Row("radarBlock", "card_declined", "fraudulent"),
]
AUTHENTICATED = "authentication_required"
AUTHENTICATIONS = [
    Row("threeDSecure2Required", AUTHENTICATED, AUTHENTICATED, charged=False),
    Row("authenticationRequired", AUTHENTICATED, AUTHENTICATED, charged=False),
]
BRANDS = {
    "visa": ("visa", "4242"),
    "visa_debit": ("visa", "5556"),
    "mastercard": ("mastercard", "4444"),
    "amex": ("amex", "0005"),
    "discover": ("discover", "1117"),
    "diners": ("diners", "0004"),
    "jcb": ("jcb", "0505"),
    "unionpay": ("unionpay", "0005"),
}


def check_decline(row: Row, refused: stripe.CardError) -> None:
    error = refused.error
    assert refused.http_status == 402
    assert refused.code == row.code
    assert error.decline_code == row.decline_code
    assert refused.json_body["error"].get("advice_code") == row.advice_code
    assert refused.param == row.param
    assert error.doc_url.endswith(row.code.replace("_", "-"))
    assert refused.request_id in refused.json_body["error"]["request_log_url"]
    intent = error.payment_intent
    assert intent.status == "requires_payment_method"
    assert intent.payment_method is None
    assert intent.last_payment_error.code == row.code
    assert intent.amount_capturable == 0
    assert error.payment_method.id.startswith("pm_1")
    assert (error.to_dict().get("charge") is not None) == row.charged
    assert intent.latest_charge == error.to_dict().get("charge")


@pytest.mark.parametrize("brand", BRANDS)
def test_a_good_card_holds_the_money(client: stripe.StripeClient, hold: Any, brand: str):
    intent = client.v1.payment_intents.create(
        hold(payment_method=f"pm_card_{brand}", expand=["payment_method"])
    )
    assert intent.status == "requires_capture"
    assert intent.amount_capturable == 1299
    assert (intent.payment_method.card.brand, intent.payment_method.card.last4) == BRANDS[brand]


@pytest.mark.parametrize("row", DECLINES + UNVERIFIED + AUTHENTICATIONS, ids=lambda row: row.token)
def test_a_bad_card_is_declined_and_its_payment_intent_stays(
    client: stripe.StripeClient, hold: Any, row: Row
):
    with pytest.raises(stripe.CardError) as refused:
        client.v1.payment_intents.create(hold(payment_method=f"pm_card_{row.token}"))
    check_decline(row, refused.value)
    kept = client.v1.payment_intents.retrieve(refused.value.error.payment_intent.id)
    assert kept.to_dict() == refused.value.error.payment_intent.to_dict()
    if row.charged:
        charge = client.v1.charges.retrieve(kept.latest_charge)
        assert (charge.status, charge.paid, charge.failure_code) == ("failed", False, row.code)
        assert charge.outcome.type == (
            "blocked" if row.token == "radarBlock" else "issuer_declined"
        )


@pytest.mark.parametrize("row", DECLINES + UNVERIFIED + AUTHENTICATIONS, ids=lambda row: row.token)
async def test_a_bad_card_is_declined_asynchronously_too(
    async_client: stripe.StripeClient, hold: Any, row: Row
):
    with pytest.raises(stripe.CardError) as refused:
        await async_client.v1.payment_intents.create_async(
            hold(payment_method=f"pm_card_{row.token}")
        )
    check_decline(row, refused.value)


async def test_a_good_card_holds_the_money_asynchronously_too(
    async_client: stripe.StripeClient, hold: Any
):
    intent = await async_client.v1.payment_intents.create_async(hold())
    captured = await async_client.v1.payment_intents.capture_async(intent.id)
    assert (captured.status, captured.amount_received) == ("succeeded", 1299)


def test_authentication_that_is_not_handled_is_a_decline(client: stripe.StripeClient, hold: Any):
    with pytest.raises(stripe.CardError) as refused:
        client.v1.payment_intents.create(
            hold(
                payment_method="pm_card_threeDSecure2Required",
                off_session=None,
                error_on_requires_action=True,
            )
        )
    row = Row("", "authentication_required", "authentication_not_handled", charged=False)
    check_decline(row, refused.value)


@pytest.mark.parametrize("row", DECLINES, ids=lambda row: row.token)
def test_a_bad_card_cannot_be_attached(client: stripe.StripeClient, row: Row):
    customer = client.v1.customers.create()
    with pytest.raises(stripe.CardError) as refused:
        client.v1.payment_methods.attach(f"pm_card_{row.token}", {"customer": customer.id})
    assert refused.value.http_status == 402
    assert (refused.value.code, refused.value.error.decline_code) == (row.code, row.decline_code)
    assert not client.v1.customers.payment_methods.list(customer.id).data


def test_the_card_that_fails_when_charged_can_be_attached(client: stripe.StripeClient, hold: Any):
    customer = client.v1.customers.create()
    card = client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer.id})
    assert card.card.last4 == "0341"
    with pytest.raises(stripe.CardError) as refused:
        client.v1.payment_intents.create(hold(customer=customer.id, payment_method=card.id))
    assert refused.value.error.decline_code == "generic_decline"
    assert refused.value.error.payment_method.id == card.id


def test_another_card_saves_a_declined_payment_intent(client: stripe.StripeClient, hold: Any):
    with pytest.raises(stripe.CardError) as refused:
        client.v1.payment_intents.create(hold(payment_method="pm_card_chargeDeclined"))
    intent = client.v1.payment_intents.confirm(
        refused.value.error.payment_intent.id, {"payment_method": "pm_card_visa"}
    )
    assert (intent.status, intent.last_payment_error) == ("requires_capture", None)
    assert len(client.v1.charges.list({"payment_intent": intent.id}).data) == 2
