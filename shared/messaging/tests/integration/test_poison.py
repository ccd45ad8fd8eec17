"""A running process and messages that cannot be handled."""

import pytest
from messaging_testing import topics
from messaging_testing.messages import command, raw
from messaging_testing.service import BUG, REFUSED
from messaging_testing.topics import Raw
from saga_messaging.delivery.dead_letters import MAX_VALUE_BYTES
from saga_messaging.termination import EXIT_CODE
from saga_schemas.topics import ORDER_EVENTS

pytestmark = [pytest.mark.stack, pytest.mark.slow]

POISON = [
    Raw(b"\xff\x00 no JSON"),
    Raw(b'{"type": "retrieve_payment_info", "payload": 7}', key=None),
    Raw(b""),
    Raw(None),  # a tombstone
    Raw(b"[" * 1_048_000),  # nearly all that Kafka takes
]


def test_poison_is_kept_raw_and_a_header_for_faust_is_not_obeyed_and_all_goes_on(world):
    world.start()
    messages = [command() for _ in range(20)]
    refused = command("saga-of-nobody", user=REFUSED)
    world.send_raw([raw(each) for each in messages[:10]] + POISON + [raw(refused)])
    # Compressed, a record many times larger than Kafka's limit comes through.
    world.send_raw([Raw(b"z" * 4_000_000)], compression_type="gzip")
    world.send(messages[10:])
    world.await_rest(len(messages))
    world.await_number(lambda: len(world.dead_letters()), len(POISON) + 2)
    letters = world.dead_letters()
    assert len(letters) == len(POISON) + 2
    values = [each.value for each in letters]
    for poison in POISON:
        assert (poison.value or b"") in values
    assert raw(refused).value in values
    assert b"z" * MAX_VALUE_BYTES in values
    for letter in letters:
        headers = dict(letter.headers)
        assert headers["dead-letter-topic"].decode() == f"{world.prefix}user_commands"
        assert headers["dead-letter-consumer"] == b"participant"
        assert headers["dead-letter-reason"]
    world.await_number(world.acked, 20 + len(POISON) + 2)
    a_header_that_asks_faust_for_a_reply_is_not_obeyed(world)


def a_header_that_asks_faust_for_a_reply_is_not_obeyed(world):
    victim = f"{world.prefix}{ORDER_EVENTS.name}"
    headers = [("Faust-Ag-ReplyTo", victim.encode()), ("Faust-Ag-CorrelationId", b"1")]
    handled, acked = world.handled(), world.acked()
    world.send_raw([Raw(raw(command()).value, b"key", headers) for _ in range(5)])
    world.await_rest(handled + 5)
    world.await_number(world.acked, acked + 5)
    assert topics.read(world.servers, victim) == []


def test_a_bug_or_too_many_dead_letters_end_the_process_unacked_and_a_cure_handles_all(world):
    good = [command() for _ in range(5)]
    bug = command(user=BUG)
    world.send([*good, bug])
    assert world.start(buggy="true").await_end() == EXIT_CODE
    world.send_raw([Raw(b"poison %d" % number) for number in range(8)])
    limited = world.start(dead_letter_limit="3")
    assert limited.await_end() == EXIT_CODE
    assert "DEAD_LETTER_LIMIT=3" in limited.log_tail(200)
    assert world.acked() < 14
    world.start(dead_letter_limit="8")
    world.await_rest(6)
    world.await_number(lambda: len({each.value for each in world.dead_letters()}), 8)
    world.await_number(world.acked, 14)
    effects = [row[0] for row in world.rows("SELECT message_id FROM effects")]
    assert sorted(effects) == sorted(each.message_id for each in [*good, bug])
