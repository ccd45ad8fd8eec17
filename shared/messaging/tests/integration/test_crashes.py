"""A process killed at each crash point of a message, and restarted."""

import signal

import pytest
from messaging_testing.messages import command

pytestmark = [pytest.mark.stack, pytest.mark.slow]

POINTS = ["intake_before_commit", "intake_after_commit", "before_ack", "after_send"]


def test_after_a_kill_at_every_point_each_message_has_one_effect_and_a_reply(system):
    ids = set()
    for point in POINTS:
        messages = [command() for _ in range(30)]
        ids |= {message.message_id for message in messages}
        system.send(messages)
        assert system.start(crash=point).await_end() == -signal.SIGKILL, point
    system.start()
    system.await_rest(len(ids))
    system.check_exactly_once(ids)
