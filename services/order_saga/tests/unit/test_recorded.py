"""Recorded histories replay on today's code with the same decisions and the same messages.

Version 1's were recorded by the code that version 1 began with (58094f0), version 2's by d0fac10
and earlier code. Two texts may differ, the `message` and the `cure` of a reason: they are written
for people, and can be reworded; its `code` and all other fields are compared. A command's
`timeout_seconds`, which was added later, follows from the deadline, which is compared.
"""

from typing import Any
from unittest.mock import ANY

import pytest
from saga_engine.transitions import edges
from saga_testing import recorded
from saga_testing.recorded import load, record, replay, taken
from saga_testing.versions import VERSIONS

HISTORIES = [(version, number) for version in VERSIONS for number in range(len(load(version)))]


def without_texts(step: dict[str, Any]) -> dict[str, Any]:
    """Return what was decided, without the two human-readable texts of each event's reason."""
    return {**step, "sends": [_without_texts(message) for message in step["sends"]]}


def _without_texts(message: dict[str, Any]) -> dict[str, Any]:
    payload = message["payload"]
    if "reason" not in payload or isinstance(payload["reason"], str):
        return message  # the reason of `cancel_payment` is a code
    reason = {**payload["reason"], "message": ANY, "cure": ANY}
    return {**message, "payload": {**payload, "reason": reason}}


def without_timeouts(step: dict[str, Any]) -> dict[str, Any]:
    """Return what was decided, without a field that older recordings do not have."""
    sends = [
        {name: value for name, value in message.items() if name != "timeout_seconds"}
        for message in step["sends"]
    ]
    return {**step, "sends": sends}


@pytest.mark.parametrize(("version", "number"), HISTORIES)
def test_a_recorded_history_is_decided_as_before(version, number):
    history = load(version)[number]

    outcomes = replay(VERSIONS[version], history)

    for position, (step, today) in enumerate(zip(history["steps"], outcomes, strict=True)):
        expected = without_texts(without_timeouts({name: step[name] for name in today}))
        assert without_timeouts(today) == expected, f"step {position}"


@pytest.mark.parametrize("version", VERSIONS)
def test_every_declared_transition_is_in_a_recorded_history(version):
    known = {edge for history in load(version) for edge in taken(history)}

    assert set(edges(VERSIONS[version])) - known == set(), "run: make record"


def test_no_history_is_recorded_twice():
    for version in VERSIONS:
        histories = [str(history["steps"]) for history in load(version)]
        assert len(set(histories)) == len(histories)


@pytest.mark.parametrize("version", VERSIONS)
def test_recording_again_adds_nothing(version, tmp_path, monkeypatch):
    monkeypatch.setattr(recorded, "FOLDER", tmp_path)
    transitions = len(edges(VERSIONS[version]))

    added = record(VERSIONS[version])
    file = (tmp_path / f"v{version}.json").read_text()

    assert 0 < added <= transitions + 1
    assert record(VERSIONS[version]) == 0
    assert (tmp_path / f"v{version}.json").read_text() == file


def test_recording_keeps_what_is_recorded(tmp_path, monkeypatch):
    files = {file.name: file.read_text() for file in recorded.FOLDER.glob("v*.json")}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(recorded, "FOLDER", tmp_path)

    assert [record(definition) for definition in VERSIONS.values()] == [0] * len(VERSIONS)

    assert {file.name: file.read_text() for file in tmp_path.glob("v*.json")} == files
