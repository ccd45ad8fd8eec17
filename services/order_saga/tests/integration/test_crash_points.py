"""A process is killed at every crash point of the declaration; the next one carries on.

Processes, PostgreSQL, Kafka and SIGKILL are real. What a story without any crash says, the database
and Kafka must say in the end.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from order_saga.create_order.timeouts import Timeouts
from order_saga.create_order.versions import definitions
from saga_engine.crash_points import crash_points
from saga_engine.messages import DeadlinePassed
from saga_engine.rules import Timeout
from saga_testing.recovery import Recovery
from saga_testing.shortest_stories import shortest_stories

pytestmark = pytest.mark.stack

COMMITTED = Path(__file__).parents[4] / "docs" / "saga-crash-points.txt"
TRIES = 2
DEFINITION = definitions(Timeouts(operation=Timeout(60.0, TRIES, 2.0))).newest
STORIES = shortest_stories(DEFINITION)
POINTS = tuple(crash_points(DEFINITION))
SOON = 0.000001
QUICK = {
    "payment_info_timeout_seconds": SOON,
    "authorization_timeout_seconds": SOON,
    "settlement_timeout_seconds": SOON,
    "settlement_tries": TRIES,
    "outbox_lease_seconds": 0.001,
    "outbox_sweep_seconds": 0.01,
    "kafka_partitions": 1,
}


@pytest.fixture(scope="module")
def recovery(shared_url, kafka_bootstrap):
    with Recovery.on(kafka_bootstrap, database_url=shared_url, **QUICK) as recovery:
        yield recovery


def test_every_crash_point_that_is_documented_is_tested_and_no_other():
    assert [point.name for point in POINTS] == COMMITTED.read_text().splitlines()


def test_every_way_has_a_story_and_every_story_is_declared():
    assert set(STORIES) == {point.edge for point in POINTS}


@pytest.mark.sample(40)
@pytest.mark.usefixtures("empty_url")
@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_a_process_that_is_killed_there_loses_and_doubles_nothing(point, recovery):
    story = STORIES[point.edge]
    messages = [message for _, message, _ in story.steps]

    recovery.kill(messages, point.moment)

    committed = point.moment != "before_commit"
    assert len(recovery.history()) == len(messages) - (not committed)
    assert len(recovery.unsent()) == (len(story.decision.send) if committed else 0)

    recovery.take_over(messages[-1])

    assert recovery.saga() == replace(story.saga, deadline_at=None)
    assert recovery.unsent() == []
    assert_each_message_had_its_effect_once(recovery.history(), story)
    assert_each_message_went_out(recovery, story, point.moment)


def assert_each_message_had_its_effect_once(history, story):
    assert [row.type for row in history] == [message.type for _, message, _ in story.steps]
    for row, (_, message, decision) in zip(history, story.steps, strict=True):
        assert row.message_id == message.message_id or isinstance(message, DeadlinePassed)
        assert row.effect.startswith(decision.effect)


def assert_each_message_went_out(recovery, story, moment):
    stored, sent = recovery.stored(), recovery.sent()
    assert [json.loads(value)["payload"] for value in stored.values()] == [
        message.model_dump(mode="json", by_alias=True)["payload"] for message in story.sent
    ]
    assert list(stored) == [message.message_id for message in story.sent]
    assert {id_: set(copies) for id_, copies in sent.items()} == {
        id_: {value} for id_, value in stored.items()
    }
    last = {message.message_id for message in story.decision.send}
    for id_, copies in sent.items():
        assert len(copies) == (2 if moment == "after_send" and id_ in last else 1)
