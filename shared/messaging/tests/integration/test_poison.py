"""A running process that consumes messages which cannot be handled."""

import pytest
from messaging_testing import topics
from messaging_testing.messages import command, raw
from messaging_testing.service import BUG, REFUSED
from messaging_testing.topics import Raw
from saga_messaging.delivery.dead_letters import MAX_VALUE_BYTES
from saga_messaging.termination import EXIT_CODE
from saga_schemas.topics import ORDER_EVENTS, USER_COMMANDS
from saga_stack.processes.waiting import wait_while

pytestmark = [pytest.mark.stack, pytest.mark.slow]

POISON = [
    Raw(b"\xff\x00 no JSON"),
    Raw(b'{"type": "retrieve_payment_info", "payload": 7}', key=None),
    Raw(b""),
    Raw(None),  # a tombstone
    Raw(b"[" * 1_048_000),  # nearly Kafka's limit
]


def test_poison_messages_are_kept_raw_and_the_partition_continues(system):
    system.start()
    messages = [command() for _ in range(20)]
    refused = command("saga-of-nobody", user=REFUSED)
    system.send_raw([raw(each) for each in messages[:10]] + POISON + [raw(refused)])
    # A compressed record may be many times larger than Kafka's limit.
    system.send_raw([Raw(b"z" * 4_000_000)], compression_type="gzip")
    system.send(messages[10:])
    system.await_rest(len(messages))
    system.await_number(lambda: len(system.dead_letters()), len(POISON) + 2)
    dead_letters = system.dead_letters()
    assert len(dead_letters) == len(POISON) + 2
    values = [each.value for each in dead_letters]
    for poison in POISON:
        assert (poison.value or b"") in values
    assert raw(refused).value in values
    assert b"z" * MAX_VALUE_BYTES in values
    for dead_letter in dead_letters:
        headers = dict(dead_letter.headers)
        assert headers["dead-letter-topic"].decode() == f"{system.prefix}user_commands"
        assert headers["dead-letter-consumer"] == b"participant"
        assert headers["dead-letter-reason"]
    system.await_number(system.acked, 20 + len(POISON) + 2)
    assert_faust_reply_headers_are_ignored(system)


def assert_faust_reply_headers_are_ignored(system):
    victim = f"{system.prefix}{ORDER_EVENTS.name}"
    headers = [("Faust-Ag-ReplyTo", victim.encode()), ("Faust-Ag-CorrelationId", b"1")]
    handled, acked = system.handled(), system.acked()
    system.send_raw([Raw(raw(command()).value, b"key", headers) for _ in range(5)])
    system.await_rest(handled + 5)
    system.await_number(system.acked, acked + 5)
    assert topics.read(system.servers, victim) == []


def test_a_bug_ends_the_process_without_an_ack(system):
    good = [command() for _ in range(5)]
    bug = command(user=BUG)
    system.send([*good, bug])
    assert system.start(buggy="true").await_end() == EXIT_CODE
    system.start()
    system.await_rest(6)
    system.await_number(system.acked, 6)
    effects = [row[0] for row in system.rows("SELECT message_id FROM effects")]
    assert sorted(effects) == sorted(each.message_id for each in [*good, bug])


def test_too_many_unreadable_records_pause_their_partition_only_and_lose_no_order(system):
    front, behind = [command("saga") for _ in range(3)], [command("saga") for _ in range(3)]
    poison = [Raw(b"poison %d" % number) for number in range(8)]
    send_to(system, 0, [*map(raw, front), *poison, *map(raw, behind)])
    limited = system.start(dead_letter_limit="3")
    system.await_rest(3)
    system.await_number(lambda: len(system.dead_letters()), 3)
    others = [command() for _ in range(20)]
    send_to(system, 1, map(raw, others[:10]))
    system.await_rest(13)
    reason = await_not_ready(limited)
    assert f"{system.prefix}user_commands[0] is paused at offset 6: " in reason
    assert "DEAD_LETTER_LIMIT=3 records of user_commands" in reason
    assert "higher DEAD_LETTER_LIMIT" in reason
    assert limited.get("/healthz")[0] == 200
    system.await_number(system.acked, 6 + 10)

    # A rebalance gives the paused partition to another process, which must stop there as well.
    second = system.start(dead_letter_limit="1")
    wait_while(lambda: None if second.get()[0] else "no answer", 60)
    send_to(system, 1, map(raw, others[10:]))
    system.await_rest(23)
    system.await_number(system.acked, 26)
    assert system.number("SELECT count(*) FROM effects WHERE correlation_id = 'saga'") == 3

    for process in (limited, second):
        process.stop()
    system.start(dead_letter_limit="8").await_ready()
    system.await_rest(26)
    system.await_number(lambda: len({each.value for each in system.dead_letters()}), 8)
    system.await_number(system.acked, 34)
    query = "SELECT message_id FROM effects WHERE correlation_id = 'saga' ORDER BY n"
    assert [row[0] for row in system.rows(query)] == [each.message_id for each in front + behind]


def test_a_paused_partition_that_another_process_went_past_goes_on(system):
    send_to(system, 0, [Raw(b"poison %d" % number) for number in range(3)])
    limited = system.start(dead_letter_limit="1")
    assert "[0] is paused at offset 1: " in await_not_ready(limited)
    limited.pause()  # the group gives its partitions to another process
    other = system.start(dead_letter_limit="8")
    system.await_number(system.acked, 3, 60)
    limited.resume()
    limited.await_ready()
    other.stop()
    message = command()
    send_to(system, 0, [raw(message)])
    system.await_rest(1)
    limited.await_ready()


def send_to(system, partition, records):
    topic = system.prefix + USER_COMMANDS.name
    topics.produce(system.servers, topic, records, partition=partition)


def await_not_ready(process):
    def ready():
        status, body = process.get()
        return None if status == 503 and "paused" in body["consumer"] else f"{status} {body}"

    wait_while(ready, 60)
    return process.get()[1]["consumer"]
