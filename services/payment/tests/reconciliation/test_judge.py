"""The action for a PaymentIntent, by the payment of its saga."""

from dataclasses import replace

import pytest
from payment_service.model.operations import REFRESH
from payment_service.model.stripe_results import IntentSnapshot
from payment_service.reconciliation.judge import judge

HELD = IntentSnapshot("pi_1", "requires_capture", 1299)
TAKEN = IntentSnapshot("pi_1", "succeeded", 1299, 1000, 200)
GONE = IntentSnapshot("pi_1", "canceled", 1299)
SECOND = "pi_2"

TABLE = [
    (None, HELD, "release"), (None, TAKEN, "report"), (None, GONE, "none"),
    ("authorized", HELD, "none"), ("authorized", TAKEN, "refresh"), ("authorized", GONE, "refresh"),
    ("captured", TAKEN, "none"), ("captured", HELD, "report"), ("captured", GONE, "report"),
    ("captured", replace(TAKEN, amount_received=999), "report"),
    ("captured", replace(TAKEN, amount_refunded=300), "refresh"),
    ("canceled", GONE, "none"), ("canceled", HELD, "release"), ("canceled", TAKEN, "report"),
    ("expired", GONE, "none"), ("expired", HELD, "release"), ("expired", TAKEN, "report"),
    ("failed", GONE, "none"), ("failed", HELD, "release"), ("failed", TAKEN, "report"),
    ("failed", replace(TAKEN, amount_refunded=1000), "none"),
    ("failed", replace(HELD, status="requires_payment_method"), "none"),
]  # fmt: skip


@pytest.mark.parametrize(("state", "intent", "action"), TABLE)
def test_the_action_follows_from_both_states(payment_in, state, intent, action):
    payment = payment_in(state) if state else None

    assert judge(intent, payment, old_enough=True).action == action


@pytest.mark.parametrize(
    ("intent", "action"), [(HELD, "report"), (TAKEN, "report"), (GONE, "none")]
)
@pytest.mark.parametrize("state", ["authorized", "captured"])
def test_a_second_payment_intent_of_a_saga_is_never_changed(payment_in, state, intent, action):
    second = replace(intent, payment_intent_id=SECOND)

    assert judge(second, payment_in(state), old_enough=True).action == action


@pytest.mark.parametrize("state", [None, "failed", "canceled", "expired"])
def test_a_recent_hold_is_not_released(payment_in, state):
    payment = payment_in(state) if state else None

    assert judge(HELD, payment, old_enough=False).action == "wait"


@pytest.mark.parametrize("state", ["pending", "authorized", "captured"])
@pytest.mark.parametrize("intent", [HELD, TAKEN, GONE])
def test_a_payment_with_an_operation_in_progress_waits(payment_in, state, intent):
    payment = payment_in(state, operation=REFRESH)

    assert judge(intent, payment, old_enough=True).action == "wait"
