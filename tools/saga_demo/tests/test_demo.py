import os
import subprocess
import sys
from pathlib import Path

import pytest
from saga_demo.card_orders import PlacedOrder
from saga_demo.cases import CASES, Expectation, Setup
from saga_demo.scenarios import SCENARIOS, Scenario
from saga_demo.text import cells, ledger_line, verdict


def order(state: str, reason: dict | None = None, payment_intent_id: str | None = None) -> dict:
    return {
        "id": "o1",
        "state": state,
        "reason": reason,
        "payment_intent_id": payment_intent_id,
        "overdue": False,
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00.100Z",
        "history": [
            {"at": "2026-01-01T00:00:00Z", "direction": "out", "type": "retrieve_payment_info"},
            {"at": "2026-01-01T00:00:00.030Z", "direction": "in", "type": "user.x"},
        ],
    }


def test_every_documented_decline_has_one_case():
    declines = {case.expected.decline_code for case in CASES} - {None}
    assert declines == {
        "generic_decline",
        "insufficient_funds",
        "lost_card",
        "stolen_card",
        "expired_card",
        "incorrect_cvc",
        "processing_error",
        "fraudulent",
        "authentication_required",
    }
    assert len({case.title for case in CASES}) == len(CASES)


def test_a_declining_card_is_never_attached():
    attached = [case for case in CASES if case.setup is Setup.ATTACHED]
    assert all(case.expected.state == "authorized" for case in attached)


def test_an_order_that_ended_as_expected_has_no_differences():
    expected = Expectation("rejected", "card_declined", "card_declined", "lost_card")
    reason = {"code": "card_declined", "stripe_code": "card_declined", "decline_code": "lost_card"}
    assert expected.differences(order("rejected", reason)) == []


@pytest.mark.parametrize(
    ("actual", "difference"),
    [
        (order("authorizing"), "state is 'authorizing', expected 'rejected'"),
        (order("rejected", {"code": "user_not_found"}), "code is 'user_not_found'"),
        (
            order("rejected", {"code": "card_declined", "decline_code": "stolen_card"}),
            "decline_code is 'stolen_card', expected 'lost_card'",
        ),
    ],
)
def test_an_unexpected_end_is_described(actual, difference):
    expected = Expectation("rejected", "card_declined", "card_declined", "lost_card")
    assert difference in "; ".join(expected.differences(actual))


def test_an_authorized_order_without_a_payment_intent_differs():
    assert Expectation("authorized").differences(order("authorized")) == [
        "no PaymentIntent holds the amount"
    ]
    assert Expectation("authorized").differences(order("authorized", None, "pi_1")) == []


def test_a_row_shows_the_outcome_and_the_duration_of_each_step():
    placed = PlacedOrder(CASES[0], "u1", order("authorized", None, "pi_1"))
    assert [str(cell) for cell in cells(placed)] == [
        "ok", "visa", "authorized", "", "pi_1", "30", "", "100",
    ]  # fmt: skip
    assert str(verdict(PlacedOrder(CASES[0], "u1", order("rejected")))) == "failed"
    assert str(verdict(PlacedOrder(CASES[0], "u1", order("authorizing")))) == "…"


def test_an_unexpected_end_of_a_scenario_is_described():
    scenario = Scenario(
        "refunded in part", lambda _: "o1", "completed", captured=1299, refunded=300
    )
    ended = {"state": "completed", "captured": 1299, "refunded": 300}
    assert scenario.differences(ended) == []
    assert scenario.differences({**ended, "refunded": 0}) == ["refunded is 0, expected 300"]


def test_the_ledger_line_shows_if_the_amounts_are_balanced():
    totals = {"authorized": 300, "captured": 100, "released": 150, "held": 50, "refunded": 10}
    assert ledger_line("usd", totals).startswith(
        "usd: authorized 3.00 = captured 1.00 + released 1.50 + held 0.50"
    )
    assert "≠" in ledger_line("usd", {**totals, "held": 49})


@pytest.mark.stack
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_demo_succeeds_with_plain_lines_without_a_terminal(stack_dir: Path):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("STRIPE_")}
    result = subprocess.run(
        [sys.executable, "-c", "from saga_cli.main import app; app()", "demo"],
        env={**environment, "SAGA_DATA_DIR": str(stack_dir)},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"{len(CASES)} of {len(CASES)} orders ended as expected for their card." in result.stdout
    total = len(SCENARIOS)
    assert f"{total} of {total} scenarios ended as expected." in result.stdout
    assert "usd: authorized " in result.stdout
    assert "\x1b" not in result.stdout + result.stderr
