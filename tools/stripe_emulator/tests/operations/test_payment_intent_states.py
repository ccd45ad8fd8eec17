from collections.abc import Callable
from dataclasses import replace

import pytest
from stripe_emulator.objects.cards import PAYMENT_METHOD_TOKENS
from stripe_emulator.objects.charge import Charge
from stripe_emulator.objects.payment_intent import PaymentIntent, Status
from stripe_emulator.objects.payment_method import NO_BILLING_DETAILS
from stripe_emulator.operations.payment_intents import card_outcomes, states
from stripe_emulator.wire.errors import InvalidParameters, StripeError, UnexpectedState

VISA = PAYMENT_METHOD_TOKENS["pm_card_visa"]
NOW = 1_800_000_000
STATUSES: tuple[Status, ...] = (
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "requires_capture",
    "succeeded",
    "canceled",
)


def make_intent(status: Status = "requires_confirmation", capture: str = "manual"):
    return PaymentIntent(
        id="pi_1", created=NOW, client_secret="pi_1_secret", amount=1000, currency="usd",
        capture_method=capture, confirmation_method="automatic", redirects="never",
        payment_method_types=["card"], customer=None, payment_method="pm_1", description=None,
        receipt_email=None, setup_future_usage=None, shipping=None, statement_descriptor=None,
        statement_descriptor_suffix=None, transfer_group=None, card_options={}, metadata={},
        status=status, amount_capturable=1000 if status == "requires_capture" else 0,
    )  # fmt: skip


def make_charge():
    return Charge(
        id="ch_1", created=NOW, amount=1000, currency="usd", payment_intent="pi_1",
        payment_method="pm_1", card=VISA, billing_details=NO_BILLING_DETAILS, customer=None,
        description=None, receipt_email=None, shipping=None, statement_descriptor=None,
        statement_descriptor_suffix=None, transfer_group=None, metadata={},
    )  # fmt: skip


CHECKS: dict[str, tuple[Callable[[PaymentIntent], object], set[Status]]] = {
    "confirm": (
        states.check_confirmable,
        {"requires_payment_method", "requires_confirmation", "requires_action"},
    ),
    "change the amount of": (
        lambda intent: states.check_editable(intent, "amount"),
        {"requires_payment_method", "requires_confirmation", "requires_action"},
    ),
    "capture": (
        lambda intent: states.check_capturable(intent, None),
        {"requires_capture"},
    ),
    "cancel": (
        states.check_cancelable,
        {
            "requires_payment_method",
            "requires_confirmation",
            "requires_action",
            "requires_capture",
        },
    ),
}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("verb", CHECKS)
def test_every_action_is_allowed_or_refused_per_status(verb: str, status: Status):
    check, allowed = CHECKS[verb]
    intent = make_intent(status)
    before = replace(intent)
    if status in allowed:
        check(intent)
    else:
        with pytest.raises(UnexpectedState) as refused:
            check(intent)
        assert refused.value.code == "payment_intent_unexpected_state"
        assert refused.value.details["payment_intent"] == intent.as_json()
    assert intent == before


def test_manual_capture_holds_the_money():
    intent, charge = make_intent(), make_charge()
    states.approve(intent, charge, NOW)
    assert (intent.status, intent.amount_capturable, intent.amount_received) == (
        "requires_capture",
        1000,
        0,
    )
    assert charge.amount_held == 1000


def test_automatic_capture_captures_the_money():
    intent, charge = make_intent(capture="automatic"), make_charge()
    states.approve(intent, charge, NOW)
    assert (intent.status, intent.amount_capturable, intent.amount_received) == (
        "succeeded",
        0,
        1000,
    )
    assert charge.amount_held == 0


@pytest.mark.parametrize(("taken", "released"), [(1000, 0), (400, 600)])
def test_capture_takes_its_amount_and_releases_the_rest(taken: int, released: int):
    intent, charge = make_intent(), make_charge()
    states.approve(intent, charge, NOW)
    states.capture(intent, charge, taken, NOW + 5)
    assert (intent.status, intent.amount_capturable, intent.amount_received) == (
        "succeeded",
        0,
        taken,
    )
    assert (charge.amount_captured, charge.amount_released, charge.amount_held) == (
        taken,
        released,
        0,
    )


def test_cancel_releases_the_whole_hold():
    intent, charge = make_intent(), make_charge()
    states.approve(intent, charge, NOW)
    states.cancel(intent, charge, "abandoned", NOW + 5)
    assert (intent.status, intent.canceled_at, intent.cancellation_reason) == (
        "canceled",
        NOW + 5,
        "abandoned",
    )
    assert (charge.amount_captured, charge.amount_released, charge.amount_held) == (0, 1000, 0)


@pytest.mark.parametrize("amount", [0, -1, 1001])
def test_capture_of_zero_or_above_the_hold_is_refused(amount: int):
    with pytest.raises(StripeError) as refused:
        states.check_capturable(make_intent("requires_capture"), amount)
    kind = InvalidParameters if amount < 1 else StripeError
    assert type(refused.value) is kind


def test_visa_hold_off_session_is_shorter():
    mastercard = PAYMENT_METHOD_TOKENS["pm_card_mastercard"]
    day = card_outcomes.DAY_SECONDS
    assert card_outcomes.hold_seconds(VISA, off_session=True) == 4 * day + 18 * 3600
    assert card_outcomes.hold_seconds(VISA, off_session=False) == 7 * day
    assert card_outcomes.hold_seconds(mastercard, off_session=True) == 7 * day


@pytest.mark.parametrize("token", sorted(PAYMENT_METHOD_TOKENS))
def test_every_card_has_an_outcome_off_session(token: str):
    card = PAYMENT_METHOD_TOKENS[token]
    outcome = card_outcomes.charge_outcome(card, off_session=True, error_on_requires_action=False)
    if card.authentication == "always":
        assert outcome == card.unauthenticated is not None
    else:
        assert outcome == (card.decline or "approved")
