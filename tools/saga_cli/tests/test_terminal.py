"""Text from outside on an operator's terminal."""

import os
import shlex
import subprocess
import sys

import pytest
from saga_cli.visible import visible, visible_json

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202edraw\u2066\u200b\u2028\r\nState: paid\x7f[/red]"
SAFE = visible(HOSTILE)
LETTER = {
    "topic": "user_events.dlq",
    "partition": 0,
    "offset": 1,
    "at": "2026-01-01T00:00:00Z",
    "reason": HOSTILE,
    "consumer": HOSTILE,
    "came_from": HOSTILE,
    "correlation_id": HOSTILE,
    "key": HOSTILE,
    "size_bytes": 1,
    "cut": HOSTILE,
    "value": HOSTILE,
    "headers": {HOSTILE: HOSTILE},
    "dealt_with": [{"action": "drop", "at": "2026", "by": HOSTILE, "note": HOSTILE}],
}
PARKED = ("message_id", "type", "topic", "reason")
ENTRY = {
    "at": "2026-01-01T00:00:00Z",
    "direction": "in",
    "type": "place_order",
    "message_id": "m1",
    "note": "created",
}
ORDER = {
    "id": "o1",
    "state": "rejected",
    "reason": {"code": "card_declined", "message": "No.", "cure": "Another card."},
    "payment_intent_id": "pi_1",
    "amount": 1299,
    "currency": "usd",
    "description": "pizza",
    "clerk_user_id": "u1",
    "created_at": "2026-01-01T00:00:00Z",
    "updated_at": "2026-01-01T00:00:00Z",
    "deadline_at": None,
    "history": [ENTRY],
}
HOSTILE_ORDER = ORDER | {
    "clerk_user_id": HOSTILE,
    "description": HOSTILE,
    "payment_intent_id": HOSTILE,
    "reason": dict.fromkeys(ORDER["reason"], HOSTILE),
    "history": [ENTRY | {"type": HOSTILE, "note": HOSTILE, "message_id": HOSTILE}],
}


def is_safe(output: str) -> bool:
    return all(char.isprintable() or char == "\n" for char in output)


@pytest.mark.parametrize(
    ("words", "body"),
    [
        (("show", "o1"), HOSTILE_ORDER),
        (("orders",), {"orders": [HOSTILE_ORDER], "next_cursor": HOSTILE}),
        (("why", "o1"), {"why": HOSTILE, "parked": [dict.fromkeys(PARKED, HOSTILE)]}),
        (("dlq", "list"), {"dead_letters": [LETTER], "whole": True}),
        (("dlq", "show", "user_events.dlq/0/1"), LETTER),
        (("cancel", "o1"), {"id": HOSTILE, "state": HOSTILE, "effect": HOSTILE}),
        (("pause", "--note", "x"), {"paused": {"by": HOSTILE, "since": HOSTILE, "note": HOSTILE}}),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_no_control_character_reaches_the_terminal(service, words, body):
    service.response = (200, body)
    result = service.run(*words)
    assert result.exception is None, result.exception
    assert is_safe(result.output)
    assert "\\x1b" in result.output
    assert "State: paid" not in [line.strip() for line in result.output.split("\n")]


@pytest.mark.parametrize(
    "body", [{"title": HOSTILE, "detail": HOSTILE}, HOSTILE], ids=["problem", "other"]
)
def test_an_error_of_a_service_is_safe_too(service, body):
    service.response = (409, body)
    result = service.run("show", "o1")
    assert result.exit_code == 1
    assert is_safe(result.output)


def test_printable_text_of_every_script_is_unchanged():
    text = "Größe 大盛り पिज़्ज़ा \u0645\u0631\u062d\u0628\u0627 🍕"
    assert visible_json({"a": [text, 1, None]}) == {"a": [text, 1, None]}


def test_each_invisible_character_is_an_escape():
    assert SAFE.startswith(r"\x1b]0;owned\x07\x1b[2J\x9b31m\u202edraw\u2066\u200b\u2028\r\nState")
    assert SAFE.isprintable()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437"])
def test_a_terminal_that_is_not_utf8_is_no_traceback(service, encoding):
    order = ORDER | {"description": "大盛り 🍕", "clerk_user_id": "ü"}
    service.response = (200, order)
    environment = os.environ | {"ORDERS_URL": service.url, "PYTHONIOENCODING": encoding}
    for words in (["show", "o1"], ["--help"]):
        command = [sys.executable, "-c", "from saga_cli.main import main; main()", *words]
        result = subprocess.run(command, env=environment, capture_output=True, check=False)
        assert result.returncode == 0, result.stderr
        assert b"Traceback" not in result.stderr
    service.response = (404, {"title": "大"})
    command[-1:] = ["show", "o1"]
    result = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert (result.returncode, b"Traceback" in result.stderr) == (1, False)


def shell(service, words, redirection="", **environment):
    """Run the command in a shell, with a redirection."""
    python = shlex.join([sys.executable, "-c", "from saga_cli.main import main; main()", *words])
    environment = os.environ | {"ORDERS_URL": service.url} | environment
    command = ["sh", "-c", f"{python} {redirection}"]
    return subprocess.run(command, env=environment, capture_output=True, check=False)


@pytest.mark.parametrize("words", [["orders"], ["show", "o1"], ["--help"]], ids=" ".join)
@pytest.mark.parametrize(
    ("redirection", "reason"), [(">&-", b"is closed"), (">/dev/full", b"No space left")]
)
def test_an_output_that_cannot_be_written_is_one_line(service, words, redirection, reason):
    service.responses = {"/orders": (200, {"orders": [ORDER], "next_cursor": None})}
    service.response = (200, ORDER)
    result = shell(service, words, redirection)
    assert (result.returncode, result.stderr.count(b"\n")) == (1, 1), result.stderr
    assert b"standard output" in result.stderr
    assert reason in result.stderr


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_a_command_without_standard_error_prints_its_result(service, redirection):
    service.response = (200, ORDER)
    result = shell(service, ["show", "o1"], redirection)
    assert (result.returncode, b"o1" in result.stdout) == (0, True)


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_an_error_that_cannot_be_written_is_the_exit_code(service, redirection):
    service.response = (404, {"title": "Not found"})
    result = shell(service, ["show", "o1"], redirection)
    assert (result.returncode, result.stdout, result.stderr) == (1, b"", b"")


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        (["show", "x\udcff"], {}),
        (["orders", "--user", "x\udcff"], {}),
        (["cancel", "o1"], {"USER": "x\udcff"}),
    ],
    ids=["argument", "option", "variable"],
)
def test_text_that_is_not_utf8_is_named(service, words, environment):
    result = shell(service, words, **environment)
    assert (result.returncode, b"Traceback" in result.stderr) == (1, False)
    assert b"is not UTF-8" in result.stderr
    assert service.requests == []


@pytest.mark.parametrize("id_", ["", ".", "..", "a/b", "/"])
@pytest.mark.parametrize("verb", ["show", "why", "cancel"])
def test_an_id_that_is_no_path_segment_is_refused(service, verb, id_):
    result = service.run(verb, id_)
    assert result.exit_code == 2
    assert "is not the id of an order" in result.output
    assert service.requests == []


@pytest.mark.parametrize(
    "words",
    [("dlq", "show", ".."), ("dlq", "drop", "a.dlq/0/1/2"), ("outbox", "retry", "payment/../x")],
    ids=" ".join,
)
def test_an_id_of_a_message_that_leads_elsewhere_is_refused(service, words):
    assert service.run(*words).exit_code in {1, 2}
    assert service.requests == []


@pytest.mark.parametrize("columns", ["1", "20"])
def test_a_narrow_terminal_shows_the_whole_table(service, columns):
    service.response = (200, {"orders": [ORDER], "next_cursor": None})
    result = shell(service, ["orders"], COLUMNS=columns)
    assert all(word in result.stdout for word in (b"o1", b"u1", b"12.99", b"rejected")), result
