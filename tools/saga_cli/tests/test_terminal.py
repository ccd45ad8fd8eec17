"""Text from outside on an operator's terminal."""

import os
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
