from io import StringIO

import pytest
from rich.console import Console
from saga_cli.text.durations import step_milliseconds, total_milliseconds
from saga_cli.text.money import money
from saga_cli.text.orders import order_details, orders_table, reason_code


def entry(at: str, direction: str, kind: str) -> dict:
    return {
        "at": f"2026-01-01T00:00:{at}Z",
        "direction": direction,
        "type": kind,
        "message_id": "m1",
        "note": "-> [rejected]",
    }


ORDER = {
    "id": "o1",
    "state": "rejected",
    "reason": {
        "code": "card_declined",
        "decline_code": "insufficient_funds",
        "stripe_code": "card_declined",
        "message": "The issuer refused [the amount].",
        "cure": "Use another card.",
    },
    "payment_intent_id": "pi_1",
    "amount": 1299,
    "currency": "usd",
    "description": "pizza [bold]",
    "clerk_user_id": "u1",
    "created_at": "2026-01-01T00:00:00Z",
    "updated_at": "2026-01-01T00:00:00.250Z",
    "deadline_at": None,
    "overdue": False,
    "history": [
        entry("00.000", "in", "place_order"),
        entry("00.000", "out", "retrieve_payment_info"),
        entry("00.040", "in", "user.payment_info_retrieved"),
        entry("00.040", "out", "authorize_payment"),
        entry("00.250", "in", "payment.failed"),
        entry("00.250", "out", "order.rejected"),
    ],
}


def rendered(renderable: object) -> str:
    console = Console(file=StringIO(), width=200)
    console.print(renderable)
    return console.file.getvalue()


def test_details_show_the_state_cause_cure_and_every_message():
    details = rendered(order_details(ORDER))
    for text in ("rejected", "12.99 USD", "The issuer refused [the amount].", "Use another card."):
        assert text in details
    for message in ORDER["history"]:
        assert message["type"] in details


def test_a_cause_outside_of_the_history_is_shown():
    canceled = entry("00.300", "in", "payment.canceled") | {"causation_id": "run-1"}
    answer = entry("00.400", "in", "payment.failed") | {"causation_id": "m1"}
    details = rendered(order_details(ORDER | {"history": [*ORDER["history"], canceled, answer]}))

    assert "-> [rejected] (caused by run-1)" in details
    assert details.count("caused by") == 1


def test_what_a_long_history_leaves_out_is_said_in_its_place():
    cut = {"history_omitted": 940, "history_omitted_after": "m2"}
    history = [entry("00.000", "in", "place_order") | {"message_id": "m2"}, *ORDER["history"][1:]]

    lines = rendered(order_details(ORDER | cut | {"history": history})).splitlines()

    (place,) = [nth for nth, line in enumerate(lines) if "place_order" in line]
    assert "940 more" in lines[place + 1]
    assert "saga show --all" in lines[place + 1]


def test_equal_refused_requests_show_their_number():
    refused = entry("00.300", "in", "capture_requested")
    refused |= {"times": 1_100, "last_at": "2026-01-01T01:00:00Z"}

    details = rendered(order_details(ORDER | {"history": [refused]}))

    assert "-> [rejected] (1100 times, last at 2026-01-01T01:00:00Z)" in details


def test_details_show_the_amounts_and_the_failed_step():
    order = ORDER | {"captured": 1000, "refunded": 250, "disputed": True, "attempt": 3}
    details = rendered(order_details(order | {"state": "needs_attention", "parked": "refunding"}))

    for text in ("10.00 USD", "2.50 USD", "cardholder's bank", "refunding failed"):
        assert text in details
    assert "3 of needs_attention" in details


def test_empty_facts_are_omitted():
    assert not {"Captured", "Refunded", "Disputed", "Parked"} & set(
        rendered(order_details(ORDER)).split()
    )


def test_text_that_looks_like_markup_is_shown_unchanged():
    assert "pizza [bold]" in rendered(order_details(ORDER))
    assert "-> [rejected]" in rendered(order_details(ORDER))


def test_the_table_has_one_row_per_order_with_its_reason():
    lines = rendered(orders_table([ORDER, ORDER])).strip().splitlines()
    assert len(lines) == 3
    assert "card_declined / insufficient_funds" in lines[1]


def test_identical_codes_are_shown_once():
    reason = {"code": "authentication_required", "decline_code": "authentication_required"}
    assert reason_code({"reason": reason}) == "authentication_required"
    assert reason_code({"reason": None}) == ""


def test_a_step_lasts_from_its_command_to_the_next_received_message():
    assert step_milliseconds(ORDER["history"]) == {
        "retrieve_payment_info": pytest.approx(40),
        "authorize_payment": pytest.approx(210),
    }
    assert total_milliseconds(ORDER) == pytest.approx(250)


def test_a_step_without_a_reply_has_no_duration():
    assert step_milliseconds(ORDER["history"][:4]) == {"retrieve_payment_info": pytest.approx(40)}


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (1299, "usd", "12.99 USD"),
        (5, "eur", "0.05 EUR"),
        (1299, "jpy", "1299 JPY"),
        (1299, "kwd", "1.299 KWD"),
        (5000, "ugx", "5000 UGX"),
        (5000, "isk", "5000 ISK"),
        (-5, "usd", "-0.05 USD"),
    ],
)
def test_amounts_are_shown_in_the_currencys_major_unit(amount, currency, text):
    assert money(amount, currency) == text
