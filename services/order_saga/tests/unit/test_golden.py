"""Recorded histories replay on today's code: the same is decided, and sent, message for message.

Version 1's were recorded by the code that version 1 began under (58094f0), before there was a
second. New stories leave a recording with `RECORD_GOLDEN_HISTORIES=1 pytest` over this folder.
"""

import json
from itertools import pairwise

import pytest
from order_saga.paths import Edge, edges
from saga_testing.golden import FOLDER, replay

FILES = sorted(FOLDER.glob("*.json"))


def load(file):
    return json.loads(file.read_text())


def taken(steps):
    """The ways between states that a recorded history took."""
    for before, after in pairwise(steps):
        type_ = after["message"]["type"]
        by = "no answer" if type_ == "deadline_passed" else type_
        yield Edge(before["state"], by, after["state"])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_recorded_history_is_decided_as_it_was(versions, file):
    history = load(file)

    outcomes = replay(versions.of(history["definition_version"]), history)

    for number, (step, today) in enumerate(zip(history["steps"], outcomes, strict=True)):
        then = {name: step[name] for name in today if name in step}
        assert {name: today[name] for name in then} == then, f"step {number}"


@pytest.mark.parametrize("version", [1, 2])
def test_every_way_that_is_declared_is_in_a_recorded_history(versions, version):
    histories = [load(file) for file in FILES]
    seen = {
        edge
        for history in histories
        if history["definition_version"] == version
        for edge in taken(history["steps"])
    }

    assert set(edges(versions.of(version))) - seen == set()
