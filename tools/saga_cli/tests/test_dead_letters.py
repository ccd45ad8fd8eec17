"""`saga dlq` against the real endpoints' answers, from a service that notes what it is asked."""

import pytest

LETTER = {
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
WHOLE = LETTER | {"value": '{"broken": [/bold]', "value_base64": "eyI=", "headers": {}}
PLACE = "payment_commands.dlq/1/3"


def test_the_list_names_each_letter_as_the_other_commands_take_it(service):
    letters = [LETTER, LETTER | {"dealt_with": DROPPED}]
    service.response = 200, {"dead_letters": letters, "whole": False}

    result = service.run("dlq", "list", "--all", "--limit", "2")

    assert service.requests == [("GET", "/dead-letters?limit=2&all=true", None)]
    _, fresh, dropped, *more = result.output.splitlines()
    assert fresh.split()[0] == PLACE
    assert "payload.amount: it is [no] number" in fresh
    assert "drop by bob" in dropped
    assert "There may be more" in more[0]


def test_what_nobody_has_dealt_with_is_the_default(service):
    service.response = 200, {"dead_letters": [], "whole": True}

    assert service.run("dlq", "list").output == "No dead letters.\n"
    assert service.requests == [("GET", "/dead-letters?limit=20", None)]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, '{"broken": [/bold]'),
        ({"value": None}, "eyI="),
        ({"dealt_with": DROPPED}, "2026-01-02T00:00:00Z by bob: old"),
        ({"cut": "the value had 3 bytes"}, "the value had 3 bytes"),
    ],
)
def test_a_letter_is_shown_whole_also_where_it_is_no_text(service, changes, told):
    service.response = 200, WHOLE | changes

    result = service.run("dlq", "show", PLACE)

    assert told in result.output
    assert "payment_commands[1]@17" in result.output
    assert service.requests == [("GET", f"/dead-letters/{PLACE}", None)]


@pytest.mark.parametrize(
    ("words", "path", "body"),
    [
        (["replay", PLACE], "replay", {"by": "ann", "note": "", "again": False}),
        (
            ["replay", PLACE, "--again", "--by", "bob", "--note", "fixed"],
            "replay",
            {"by": "bob", "note": "fixed", "again": True},
        ),
        (["drop", PLACE, "--note", "old"], "drop", {"by": "ann", "note": "old"}),
    ],
)
def test_who_acts_on_a_letter_and_why_is_sent_along(service, words, path, body):
    service.response = 200, WHOLE

    assert service.run("dlq", *words).exit_code == 0
    assert service.requests == [("POST", f"/dead-letters/{PLACE}/{path}", body)]


@pytest.mark.parametrize("verb", ["show", "replay", "drop"])
@pytest.mark.parametrize("status", [404, 409, 503])
def test_what_the_service_refuses_ends_the_command_with_1(service, verb, status):
    service.response = status, {"title": "No.", "detail": "It was replayed."}

    result = service.run("dlq", verb, PLACE)

    assert (result.exit_code, result.output) == (1, "Error: No. It was replayed.\n")
