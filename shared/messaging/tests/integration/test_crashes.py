"""A process that is killed at each point of the way of a message, and started again."""

import signal

import pytest
from messaging_testing.messages import command

pytestmark = [pytest.mark.stack, pytest.mark.slow]

POINTS = ["intake_before_commit", "intake_after_commit", "before_ack", "after_send"]


def test_killed_at_every_point_each_message_has_its_effect_once_and_its_answer_is_sent(world):
    ids = set()
    for point in POINTS:
        messages = [command() for _ in range(30)]
        ids |= {message.message_id for message in messages}
        world.send(messages)
        assert world.start(crash=point).await_end() == -signal.SIGKILL, point
    world.start()
    world.await_rest(len(ids))
    world.check_exactly_once(ids)
