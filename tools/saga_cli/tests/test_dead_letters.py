"""`saga dlq` against recorded responses of the real endpoints."""

import pytest

DEAD_LETTER = {
    "topic": "payment_commands.dlq",
    "partition": 1,
    "offset": 3,
    "at": "2026-01-01T00:00:00Z",
    "reason": "payload.amount: it is [no] number",
    "consumer": "payment-service",
    "came_from": "payment_commands[1]@17",
    "cut": None,
    "key": "o1",
    "correlation_id": "o1",
    "size_bytes": 12,
    "preview": '{"broken": ',
    "dealt_with": [],
}
DROPPED = [{"action": "drop", "by": "bob", "note": "old", "at": "2026-01-02T00:00:00Z"}]
DETAILS = DEAD_LETTER | {"value": '{"broken": [/bold]', "value_base64": "eyI=", "headers": {}}
ID = "payment_commands.dlq/1/3"


def test_the_list_shows_the_ids_that_the_other_commands_take(service):
    dead_letters = [DEAD_LETTER, DEAD_LETTER | {"dealt_with": DROPPED}]
    service.response = 200, {"dead_letters": dead_letters, "whole": False}

    result = service.run("dlq", "list", "--all", "--limit", "2")

    assert service.requests == [("GET", "/dead-letters?limit=2&all=true", None)]
    _, fresh, dropped, *more = result.output.splitlines()
    assert fresh.split()[0] == ID
    assert "payload.amount: it is [no] number" in fresh
    assert "drop by bob" in dropped
    assert "There may be older ones" in more[0]


def test_by_default_processed_ones_are_left_out(service):
    service.response = 200, {"dead_letters": [], "whole": True}

    assert service.run("dlq", "list").output == "No dead letters.\n"
    assert service.requests == [("GET", "/dead-letters?limit=20", None)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, '{"broken": [/bold]'),
        ({"value": None}, "eyI="),
        ({"dealt_with": DROPPED}, "2026-01-02T00:00:00Z by bob: old"),
        ({"cut": "the value had 3 bytes"}, "the value had 3 bytes"),
    ],
)
def test_a_dead_letter_is_shown_completely_even_if_binary(service, changes, expected):
    service.response = 200, DETAILS | changes

    result = service.run("dlq", "show", ID)

    assert expected in result.output
    assert "payment_commands[1]@17" in result.output
    assert service.requests == [("GET", f"/dead-letters/{ID}", None)]


@pytest.mark.parametrize(
    ("words", "path", "body"),
    [
        (["replay", ID], "replay", {"by": "ann", "note": "", "again": False}),
        (
            ["replay", ID, "--again", "--by", "bob", "--note", "fixed"],
            "replay",
            {"by": "bob", "note": "fixed", "again": True},
        ),
        (["drop", ID, "--note", "old"], "drop", {"by": "ann", "note": "old"}),
    ],
)
def test_an_action_sends_the_requester_and_reason(service, words, path, body):
    service.response = 200, DETAILS

    assert service.run("dlq", *words).exit_code == 0
    assert service.requests == [("POST", f"/dead-letters/{ID}/{path}", body)]


@pytest.mark.parametrize("verb", ["show", "replay", "drop"])
@pytest.mark.parametrize("status", [404, 409, 503])
def test_a_refusal_ends_the_command_with_1(service, verb, status):
    service.response = status, {"title": "No.", "detail": "It was replayed."}

    result = service.run("dlq", verb, ID)

    assert (result.exit_code, result.output) == (1, "Error: No. It was replayed.\n")
