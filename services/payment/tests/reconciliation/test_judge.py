"""What is to be done about a PaymentIntent, by what its saga's payment says."""

from dataclasses import replace

import pytest
from payment_service.model.operations import REFRESH
from payment_service.model.stripe_results import Seen
from payment_service.reconciliation.judge import judge

HELD = Seen("pi_1", "requires_capture", 1299)
TAKEN = Seen("pi_1", "succeeded", 1299, 1000, 200)
GONE = Seen("pi_1", "canceled", 1299)
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


@pytest.mark.parametrize(("state", "seen", "action"), TABLE)
def test_what_is_done(known_in, state, seen, action):
    known = known_in(state) if state else None

    assert judge(seen, known, old_enough=True).action == action


@pytest.mark.parametrize(("seen", "action"), [(HELD, "report"), (TAKEN, "report"), (GONE, "none")])
@pytest.mark.parametrize("state", ["authorized", "captured"])
def test_a_second_payment_intent_of_a_saga_is_never_touched(known_in, state, seen, action):
    second = replace(seen, payment_intent_id=SECOND)

    assert judge(second, known_in(state), old_enough=True).action == action


@pytest.mark.parametrize("state", [None, "failed", "canceled", "expired"])
def test_a_young_hold_is_left_alone(known_in, state):
    known = known_in(state) if state else None

    assert judge(HELD, known, old_enough=False).action == "wait"


@pytest.mark.parametrize("state", ["pending", "authorized", "captured"])
@pytest.mark.parametrize("seen", [HELD, TAKEN, GONE])
def test_what_has_something_under_way_is_left_to_it(known_in, state, seen):
    known = known_in(state, operation=REFRESH)

    assert judge(seen, known, old_enough=True).action == "wait"
