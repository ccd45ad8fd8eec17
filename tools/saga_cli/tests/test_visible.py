"""Text from outside on a person's terminal."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli_testing.samples import DETAILS, ID, ORDER
from saga_cli.visible import is_active, visible, visible_json

HOSTILE = "\x1b]0;x\x07\x1b[2J\r\u202e\u2066\u200b\ufeff\x9b1m\x00\u2028\U000e0041"


def hostile(value):
    """Append hostile characters to every text that is not a time."""
    match value:
        case str():
            return value if value.startswith("2026-") else value + HOSTILE
        case dict():
            return {name: hostile(each) for name, each in value.items()}
        case list():
            return [hostile(each) for each in value]
        case _:
            return value


@pytest.mark.parametrize(
    ("words", "response"),
    [
        (("orders",), {"orders": [ORDER], "next_cursor": None}),
        (("show", "o1"), ORDER),
        (("why", "o1"), {"why": "Order o1 waits."}),
        (("dlq", "list"), {"dead_letters": [DETAILS], "whole": True}),
        (("dlq", "show", ID), DETAILS),
        (("dlq", "show", ID), DETAILS | {"value": None}),
    ],
)
def test_no_command_prints_characters_that_act_on_a_terminal(service, words, response):
    service.response = 200, hostile(response)

    result = service.run(*words)

    assert result.exit_code == 0, result.output
    assert r"\x1b" in result.output
    assert [character for character in result.output if is_active(character)] == []


def test_the_text_of_a_problem_is_visible_too(service):
    service.response = 404, {"title": "No such order.", "detail": HOSTILE}

    result = service.run("show", "o1")

    assert result.exit_code == 1
    assert [character for character in result.output if is_active(character)] == []


def test_text_that_only_looks_foreign_is_unchanged():
    for text in ("Ünïcödé", "日本語", "שלום", "👨\u200d👩\u200d👧", "a\tb\nc"):
        assert visible(text) == text
    assert visible_json({"a\x1b": ["\x1b", 1, None]}) == {r"a\x1b": [r"\x1b", 1, None]}
    assert visible("\ud800") == r"\ud800"


def test_a_terminal_that_is_not_utf8_is_no_traceback(service):
    service.response = 200, ORDER | {"description": "Käse → 日"}
    environment = {
        **os.environ,
        "PYTHONIOENCODING": "ascii",
        "PYTHONUTF8": "0",
        "LC_ALL": "C",
        "ORDERS_URL": service.url,
        "PAYMENTS_URL": service.url,
    }
    command = [Path(sys.executable).with_name("saga"), "show", "o1"]
    result = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"-> in" in result.stdout
    assert rb"K\xe4se -> \u65e5" in result.stdout
