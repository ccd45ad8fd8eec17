"""Recorded histories: what came, and what was decided, as JSON that outlives the code."""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from order_saga.definition import Definition
from order_saga.saga import Decision, decide, start

from saga_testing.messages import TYPES
from saga_testing.story import Story

FOLDER = Path(__file__).parents[1] / "unit" / "golden"
RECORDING = "RECORD_GOLDEN_HISTORIES"
"""Set it, and the stories that have no recording yet leave one; what is recorded stays."""


def record(name: str, story: Story) -> None:
    """Keep a story under a name, where that is asked for and nothing is kept under it."""
    file = FOLDER / f"{name}.json"
    if not os.environ.get(RECORDING) or file.exists():
        return
    steps = [
        {"at": at.isoformat(), "message": message.model_dump(mode="json"), **outcome(decision)}
        for at, message, decision in story.told
    ]
    history = {"definition_version": story.definition.version, "steps": steps}
    file.write_text(json.dumps(history, indent=1, sort_keys=True) + "\n")


def replay(definition: Definition, history: dict[str, Any]) -> list[dict[str, Any]]:
    """What today's code decides where the same comes at the same times."""
    outcomes, saga = list[dict[str, Any]](), None
    for step in history["steps"]:
        message = TYPES[step["message"]["type"]].model_validate(step["message"])
        at = datetime.fromisoformat(step["at"])
        decision = decide(definition, saga, message, at) if saga else start(definition, message, at)
        saga = decision.saga
        outcomes.append(outcome(decision))
    return outcomes


def outcome(decision: Decision) -> dict[str, Any]:
    """What was decided, as far as anybody outside can see it."""
    saga = decision.saga
    return {
        "state": saga.state,
        "attempt": saga.attempt,
        "deadline_at": saga.deadline_at and saga.deadline_at.isoformat(),
        "overdue": saga.overdue,
        "payment_intent_id": saga.payment_intent_id,
        "reason": saga.reason and saga.reason.code,
        "ignored": decision.effect.startswith("ignored: "),
        "sends": [message.model_dump(mode="json") for message in decision.send],
    }
