import pytest
from payment_service.model.authorization import (
    Authorized,
    Declined,
    InvalidRequest,
    MissingReturnUrl,
    NeedsAuthentication,
    PaymentMethodNotFound,
)
from payment_service.model.ports import Unknown

LATER, NEVER, CHECK = "try_again_later", "do_not_try_again", "confirm_card_data"
DECLINES = [
    ("visa_chargeDeclined", ("card_declined", "generic_decline", LATER)),
    ("chargeDeclined", ("card_declined", "generic_decline", LATER)),
    ("visa_chargeDeclinedInsufficientFunds", ("card_declined", "insufficient_funds", LATER)),
    ("visa_chargeDeclinedLostCard", ("card_declined", "lost_card", NEVER)),
    ("visa_chargeDeclinedStolenCard", ("card_declined", "stolen_card", NEVER)),
    ("chargeDeclinedExpiredCard", ("expired_card", "expired_card", CHECK)),
    ("chargeDeclinedIncorrectCvc", ("incorrect_cvc", "incorrect_cvc", CHECK)),
    ("chargeDeclinedProcessingError", ("processing_error", "processing_error", LATER)),
    ("chargeDeclinedFraudulent", ("card_declined", "fraudulent", None)),
]


@pytest.fixture
def gateway(gateway_with):
    return gateway_with()


def intents(emulator):
    return emulator.get("ledger").json()["payment_intents"]


async def test_a_hold_has_the_amount_the_metadata_and_an_expiry(gateway, request_with, emulator):
    payment = request_with()

    outcome = await gateway.authorize(payment)

    (intent,) = intents(emulator)
    assert intent["id"] == outcome.payment_intent_id
    assert (intent["status"], intent["held"], intent["currency"]) == (
        "requires_capture", 1299, "usd",
    )  # fmt: skip
    assert intent["metadata"] == {
        "system": "saga-1", "installation": "saga-1", "saga_id": payment.saga_id,
        "attempt": "1", "clerk_user_id": "user_1",
    }  # fmt: skip
    assert outcome.capture_before is not None


@pytest.mark.parametrize(("card", "codes"), DECLINES)
async def test_every_declined_card_has_stripes_codes(gateway, request_with, card, codes):
    payment = request_with(payment_method_id=f"pm_card_{card}")

    outcome = await gateway.authorize(payment)

    assert isinstance(outcome, Declined)
    assert (outcome.stripe_code, outcome.decline_code, outcome.advice_code) == codes
    assert await gateway.find(payment, 1) == outcome


async def test_a_card_that_needs_authentication_is_not_held(gateway, request_with):
    payment = request_with(payment_method_id="pm_card_threeDSecure2Required")

    assert isinstance(await gateway.authorize(payment), NeedsAuthentication)


async def test_a_payment_method_of_another_customer_is_not_found(
    gateway, request_with, stripe_post
):
    other = stripe_post("customers")["id"]
    card = stripe_post("payment_methods/pm_card_visa/attach", customer=other)["id"]

    outcome = await gateway.authorize(request_with(payment_method_id=card))

    assert isinstance(outcome, PaymentMethodNotFound)


async def test_a_detached_payment_method_is_not_found(gateway, request_with, customer, stripe_post):
    card = stripe_post("payment_methods/pm_card_visa/attach", customer=customer)["id"]
    stripe_post(f"payment_methods/{card}/detach")

    outcome = await gateway.authorize(request_with(payment_method_id=card))

    assert isinstance(outcome, PaymentMethodNotFound)


@pytest.mark.parametrize("return_url", [None, "https://shop.example/return"])
async def test_redirects_are_disallowed_or_have_a_return_url(
    gateway_with, request_with, return_url
):
    outcome = await gateway_with(return_url).authorize(request_with())

    assert isinstance(outcome, Authorized)


async def test_redirects_without_a_return_url_fail_with_missing_return_url(gateway, request_with):
    gateway._redirects = {"automatic_payment_methods": {"enabled": True}}

    assert isinstance(await gateway.authorize(request_with()), MissingReturnUrl)


async def test_an_amount_below_stripes_minimum_is_an_invalid_request(gateway, request_with):
    outcome = await gateway.authorize(request_with(amount=1))

    assert isinstance(outcome, InvalidRequest)
    assert outcome.stripe_code == "amount_too_small"


async def test_an_order_without_a_description_is_held(gateway, request_with):
    assert isinstance(await gateway.authorize(request_with(description="")), Authorized)


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        ("status_500_before", 0),
        ("status_500_after", 1),
        ("timeout_after", 1),
        ("hang", 0),
        ("reset", 0),
        ("reset_after", 1),
        ("429", 0),
    ],
)
async def test_no_fault_creates_a_second_payment_intent(
    gateway, request_with, emulator, kind, made
):
    payment = request_with()
    fault = {"kind": kind, "endpoint": "POST /v1/payment_intents"}
    emulator.post("faults", json=fault).raise_for_status()

    response = await gateway.authorize(payment)

    assert isinstance(response, Unknown)
    assert response.retryable
    assert len(intents(emulator)) == made
    again = await gateway.authorize(payment)
    found = await gateway.find(payment, 1)
    assert len(intents(emulator)) == 1
    assert found.payment_intent_id == intents(emulator)[0]["id"]
    assert again == found or (kind == "status_500_after" and not again.retryable)


async def test_a_refused_idempotency_key_is_inconclusive(gateway_with, request_with, emulator):
    payment = request_with()
    gateway = gateway_with()
    await gateway.authorize(payment)
    other_bytes = gateway_with("https://shop.example/return")

    response = await other_bytes.authorize(payment)

    assert isinstance(response, Unknown)
    assert not response.retryable
    assert "IdempotencyError" in response.reason
