"""The operators' commands against a service that records its requests."""

import pytest

ACTIONS = [
    (["capture", "o1"], {"amount": None, "by": "ann", "note": ""}),
    (["capture", "o1", "--amount", "5"], {"amount": 5, "by": "ann", "note": ""}),
    (["refund", "o1", "--amount", "7", "--note", "n"], {"amount": 7, "by": "ann", "note": "n"}),
    (["cancel", "o1", "--by", "bob"], {"by": "bob", "note": ""}),
    (["retry", "o1", "--note", "again"], {"by": "ann", "note": "again"}),
    (
        ["resolve", "o1", "--as", "canceled", "--note", "by hand"],
        {"as": "canceled", "by": "ann", "note": "by hand"},
    ),
]


@pytest.mark.parametrize(("words", "body"), ACTIONS, ids=[" ".join(words) for words, _ in ACTIONS])
def test_an_action_sends_the_requester_and_reason(service, words, body):
    service.response = 202, {"id": "o1", "state": "capturing", "effect": "-> capturing [/x]"}

    result = service.run(*words)

    assert result.exit_code == 0
    assert "Order o1 is capturing: -> capturing [/x]" in result.output
    assert service.requests == [("POST", f"/orders/o1/{words[0]}", body)]


def test_a_refusal_is_reported_with_exit_code_1(service):
    problem = {"title": "The order's state forbids it.", "detail": "ignored: it is over"}
    service.response = 409, problem

    result = service.run("capture", "o1")

    assert result.exit_code == 1
    assert "Error: The order's state forbids it. ignored: it is over" in result.output


@pytest.mark.parametrize("words", [["resolve", "o1", "--as", "canceled"], ["pause"]])
def test_a_missing_note_sends_no_request(service, words):
    assert service.run(*words).exit_code == 2
    assert service.requests == []


def test_pause_sends_the_requester_and_reason(service):
    paused = {"by": "ann", "note": "bank away", "since": "2026-02-01T12:00:00Z"}
    service.response = 200, {"paused": paused, "changes": []}

    result = service.run("pause", "--note", "bank away")

    assert "paused by ann since 2026-02-01T12:00:00Z: bank away" in result.output
    body = {"by": "ann", "note": "bank away"}
    assert service.requests == [("POST", "/controls/pause", body)]


def test_resume_sends_the_requester(service):
    service.response = 200, {"paused": None, "changes": []}

    assert service.run("resume").exit_code == 0

    assert service.requests == [("POST", "/controls/resume", {"by": "ann", "note": ""})]


def test_stuck_orders_are_listed(service):
    service.response = 200, {"orders": [], "next_cursor": None}

    assert service.run("list", "--stuck").exit_code == 0

    assert service.requests == [("GET", "/orders?stuck=true&limit=20", None)]


def test_why_prints_one_sentence(service):
    service.response = 200, {"id": "o1", "why": "Order o1 waits [1].", "parked": []}

    result = service.run("why", "o1")

    assert result.output == "Order o1 waits [1].\n"
    assert service.requests == [
        ("GET", "/orders/o1/why", None),
        ("GET", "/outbox?correlation_id=o1", None),
    ]
