import threading

import pytest
from messaging_testing.messages import command, record, records
from saga_messaging.delivery.dead_letters import MAX_KEY_BYTES, MAX_VALUE_BYTES, DeadLetters
from saga_messaging.errors import TooManyDeadLetters
from saga_messaging.kafka.client import MAX_RECORD_BYTES
from saga_messaging.kafka.records import Outgoing, Record
from saga_schemas.codec import encode
from saga_schemas.topics import USER_COMMANDS, USER_EVENTS


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def dead_letters(make_settings, clock):
    settings = make_settings(dead_letter_limit=3, dead_letter_window_seconds=60)
    return DeadLetters("consumer", settings, clock)


POISON = {
    "no JSON": b"\xff\x00nonsense",
    "no object": b"[]",
    "a missing field": b'{"type": "retrieve_payment_info"}',
    "an unknown type": b'{"type": "order_a_pizza"}',
    "an empty value": b"",
    "a tombstone": None,
    "JSON without end": b"[" * 1_000_000,
}


@pytest.mark.parametrize("value", POISON.values(), ids=POISON.keys())
def test_a_poison_message_becomes_a_dead_letter_with_its_bytes_position_and_reason(
    dead_letters, value
):
    good = records(command(), offset=8)
    messages, made = dead_letters.decode(USER_COMMANDS, [record(value, offset=7), *good])
    assert [found for found, _ in messages] == good
    (dead_letter,) = made
    assert (dead_letter.topic, dead_letter.key, dead_letter.value) == (
        "user_commands.dlq",
        b"key",
        value or b"",
    )
    reason = dead_letter.headers.pop("dead-letter-reason")
    assert reason.startswith("not a valid message of user_commands: ")
    assert dead_letter.headers == {
        "dead-letter-consumer": "consumer",
        "dead-letter-topic": "user_commands",
        "dead-letter-partition": "0",
        "dead-letter-offset": "7",
    }


def test_an_invalid_field_is_named_in_the_reason(dead_letters):
    value = encode(command()).replace(b"1299", b'"much"')
    _, (dead_letter,) = dead_letters.decode(USER_COMMANDS, [record(value)])
    assert "payload.order.amount" in dead_letter.headers["dead-letter-reason"]


def test_text_that_postgresql_cannot_store_becomes_a_dead_letter(dead_letters):
    value = encode(command()).replace(b'"order-saga"', b'"order\\u0000saga"')
    messages, made = dead_letters.decode(USER_COMMANDS, [record(value)])
    assert (len(messages), len(made)) == (0, 1)


def test_an_unknown_field_with_such_text_is_ignored(dead_letters):
    value = encode(command())[:-1] + b',"news":"\\u0000"}'
    messages, made = dead_letters.decode(USER_COMMANDS, [record(value)])
    assert (len(messages), len(made)) == (1, 0)


def test_the_reason_and_the_key_are_cut_to_text_that_can_be_stored(dead_letters):
    value = b'{"type": "' + b"\\u0000x" * 10_000 + b'"}'
    _, (dead_letter,) = dead_letters.decode(USER_COMMANDS, [record(value, key=b"\x00\xff" * 1_000)])
    assert len(dead_letter.headers["dead-letter-reason"]) <= 2_000
    assert len(dead_letter.correlation_id) <= 255
    assert "\0" not in dead_letter.headers["dead-letter-reason"] + dead_letter.correlation_id


def test_a_record_larger_than_kafkas_limit_is_cut_with_a_header(dead_letters):
    long = record(b"v" * (5 * MAX_VALUE_BYTES), key=b"k" * (5 * MAX_KEY_BYTES))
    dead_letter = dead_letters.make(USER_COMMANDS, long, "why" * 10_000)
    assert size_of(dead_letter) < MAX_RECORD_BYTES
    sizes = f"the key had {len(long.key)} bytes, the value {len(long.value)}"
    assert dead_letter.headers["dead-letter-cut"] == sizes


def test_the_same_record_always_makes_the_same_dead_letter(dead_letters):
    one, two = (dead_letters.make(USER_COMMANDS, record(b"x"), "why") for _ in range(2))
    assert one == two
    others = (record(b"x", offset=1), record(b"of a topic that was created again"))
    ids = {dead_letters.make(USER_COMMANDS, each, "why").message_id for each in others}
    assert len(ids - {one.message_id}) == 2


def test_beyond_the_limit_the_partition_of_the_record_is_left_at_its_offset(dead_letters):
    dead_letters.decode(USER_COMMANDS, poison(0, 3))
    batch = [*records(command(), offset=3), *poison(4, 2), *records(command(), offset=6)]

    with pytest.raises(TooManyDeadLetters) as error:
        dead_letters.decode(USER_COMMANDS, batch)

    assert "DEAD_LETTER_LIMIT=3 records of user_commands within 60 s" in str(error.value)
    assert "with a higher DEAD_LETTER_LIMIT" in str(error.value)
    assert "The last reason: not a valid message" in str(error.value)
    assert error.value.left == {0: 4}
    messages, made = dead_letters.decode(USER_COMMANDS, batch[:1])
    assert (len(messages), len(made)) == (1, 0)


def test_the_records_in_front_of_the_limit_are_dead_letters(dead_letters):
    with pytest.raises(TooManyDeadLetters) as error:
        dead_letters.decode(USER_COMMANDS, poison(0, 5))

    assert error.value.left == {0: 3}
    _, made = dead_letters.decode(USER_COMMANDS, poison(0, 3))
    assert len(made) == 3


def test_each_topic_has_a_limit_of_its_own(dead_letters):
    dead_letters.decode(USER_COMMANDS, poison(0, 3))
    _, made = dead_letters.decode(USER_EVENTS, poison(0, 3))
    assert len(made) == 3


def test_unreadable_records_older_than_the_window_are_not_counted(dead_letters, clock):
    dead_letters.decode(USER_COMMANDS, poison(0, 3))
    clock.now = 60
    _, made = dead_letters.decode(USER_COMMANDS, poison(3, 3))
    assert len(made) == 3


def test_a_record_that_is_read_again_counts_once(dead_letters):
    for _ in range(10):
        dead_letters.decode(USER_COMMANDS, poison(0, 3))


def test_records_without_a_limit_are_all_dead_letters(dead_letters):
    _, made = dead_letters.decode(USER_COMMANDS, poison(0, 9), limited=False)
    assert len(made) == 9


def test_several_threads_share_the_limit(make_settings):
    dead_letters = DeadLetters("c", make_settings(dead_letter_limit=2_000))
    batches = [poison(50 * number, 50) for number in range(40)]

    def count(number: int) -> None:
        for batch in batches[number::4]:
            dead_letters.decode(USER_COMMANDS, batch)

    threads = [threading.Thread(target=count, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with pytest.raises(TooManyDeadLetters):
        dead_letters.decode(USER_COMMANDS, poison(2_000, 1))


def poison(first: int, count: int) -> list[Record]:
    return [record(b"x", offset=offset) for offset in range(first, first + count)]


def size_of(dead_letter: Outgoing) -> int:
    headers = sum(len(name) + len(value.encode()) for name, value in dead_letter.headers.items())
    return len(dead_letter.value) + len(dead_letter.key or b"") + headers + 1_000
