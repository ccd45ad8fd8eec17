"""Recorded histories: what an order received and what was decided, as JSON that outlives the code.

There is one file for each version, with the shortest history for each transition. `make record`
adds the histories of transitions that no file has yet; what is recorded stays as it is.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from saga_engine.decide import Decision, decide
from saga_engine.declaration import Definition
from saga_engine.transitions import NO_REPLY, Edge, edges

from saga_testing.messages import TYPES, begin
from saga_testing.shortest_stories import shortest_stories
from saga_testing.story import Story
from saga_testing.versions import VERSIONS

FOLDER = Path(__file__).parents[1] / "unit" / "recorded"
History = dict[str, Any]


def load(version: int) -> list[History]:
    """Return the recorded histories of a version; none if it has no file yet."""
    file = _file(version)
    return json.loads(file.read_text()) if file.exists() else []


def record(definition: Definition) -> int:
    """Add the shortest history for each transition that has none. Returns how many were added."""
    histories = load(definition.version)
    known = {edge for history in histories for edge in taken(history)}
    missing = set(edges(definition)) - known
    if not missing:
        return 0
    found = shortest_stories(definition)
    new = [_history(story) for edge, story in found.items() if edge in missing]
    _write(definition.version, [*histories, *new])
    return len(new)


def replay(definition: Definition, history: History) -> list[dict[str, Any]]:
    """Return what today's code decides for the same messages at the same times."""
    outcomes, saga = list[dict[str, Any]](), None
    for step in history["steps"]:
        message = TYPES[step["message"]["type"]].model_validate(step["message"])
        at = datetime.fromisoformat(step["at"])
        decision = decide(definition, saga, message, at) if saga else begin(definition, message, at)
        saga = decision.saga
        outcomes.append(outcome(decision))
    return outcomes


def taken(history: History) -> Iterator[Edge]:
    """Return the transitions that a recorded history took."""
    for before, after in pairwise(history["steps"]):
        type_ = after["message"]["type"]
        by = NO_REPLY if type_ == "deadline_passed" else type_
        if not after["ignored"]:
            yield Edge(before["state"], by, after["state"])


def outcome(decision: Decision[Any]) -> dict[str, Any]:
    """Return what was decided, as far as it is visible from outside."""
    saga = decision.saga
    return {
        "state": saga.state,
        "attempt": saga.attempt,
        "deadline_at": saga.deadline_at and saga.deadline_at.isoformat(),
        "overdue": saga.overdue,
        "payment_intent_id": saga.payment_intent_id,
        "reason": saga.reason and saga.reason.code,
        "ignored": decision.refused,
        "sends": [message.model_dump(mode="json") for message in decision.send],
    }


def _history(story: Story) -> History:
    steps = [
        {"at": at.isoformat(), "message": message.model_dump(mode="json"), **outcome(decision)}
        for at, message, decision in story.steps
    ]
    return {"definition_version": story.definition.version, "steps": steps}


def _file(version: int) -> Path:
    return FOLDER / f"v{version}.json"


def _write(version: int, histories: list[History]) -> None:
    """Write a line for each step, so that a difference names the step."""
    lines = [
        "{"
        f'"definition_version": {version}, "steps": [\n'
        + ",\n".join(json.dumps(step, sort_keys=True) for step in history["steps"])
        + "\n]}"
        for history in histories
    ]
    _file(version).write_text("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    for version, definition in VERSIONS.items():
        print(f"version {version}: {record(definition)} histories added")  # noqa: T201
