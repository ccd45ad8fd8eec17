import threading

import pytest
from messaging_testing.messages import command, record, records
from saga_messaging.delivery.dead_letters import MAX_KEY_BYTES, MAX_VALUE_BYTES, DeadLetters
from saga_messaging.errors import TooManyDeadLetters
from saga_messaging.kafka.client import MAX_RECORD_BYTES
from saga_messaging.kafka.records import Outgoing
from saga_schemas.codec import encode
from saga_schemas.topics import USER_COMMANDS


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def letters(make_settings, clock):
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
def test_poison_becomes_a_dead_letter_with_its_bytes_its_place_and_the_reason(letters, value):
    good = records(command(), offset=8)
    messages, made = letters.decode(USER_COMMANDS, [record(value, offset=7), *good])
    assert [found for found, _ in messages] == good
    (letter,) = made
    assert (letter.topic, letter.key, letter.value) == ("user_commands.dlq", b"key", value or b"")
    reason = letter.headers.pop("dead-letter-reason")
    assert reason.startswith("not a valid message of user_commands: ")
    assert letter.headers == {
        "dead-letter-consumer": "consumer",
        "dead-letter-topic": "user_commands",
        "dead-letter-partition": "0",
        "dead-letter-offset": "7",
    }


def test_a_wrong_field_is_named(letters):
    value = encode(command()).replace(b"1299", b'"much"')
    _, (letter,) = letters.decode(USER_COMMANDS, [record(value)])
    assert "payload.order.amount" in letter.headers["dead-letter-reason"]


def test_text_that_postgresql_cannot_store_is_poison_and_not_a_crash_without_end(letters):
    value = encode(command()).replace(b'"order-saga"', b'"order\\u0000saga"')
    messages, made = letters.decode(USER_COMMANDS, [record(value)])
    assert (len(messages), len(made)) == (0, 1)


def test_an_unknown_field_with_such_text_does_no_harm(letters):
    value = encode(command())[:-1] + b',"news":"\\u0000"}'
    messages, made = letters.decode(USER_COMMANDS, [record(value)])
    assert (len(messages), len(made)) == (1, 0)


def test_the_reason_and_the_key_are_bounded_and_can_be_stored(letters):
    value = b'{"type": "' + b"\\u0000x" * 10_000 + b'"}'
    _, (letter,) = letters.decode(USER_COMMANDS, [record(value, key=b"\x00\xff" * 1_000)])
    assert len(letter.headers["dead-letter-reason"]) <= 2_000
    assert len(letter.correlation_id) <= 255
    assert "\0" not in letter.headers["dead-letter-reason"] + letter.correlation_id


def test_what_is_longer_than_kafka_takes_back_is_cut_and_says_so(letters):
    long = record(b"v" * (5 * MAX_VALUE_BYTES), key=b"k" * (5 * MAX_KEY_BYTES))
    letter = letters.make(USER_COMMANDS, long, "why" * 10_000)
    assert size_of(letter) < MAX_RECORD_BYTES
    sizes = f"the key had {len(long.key)} bytes, the value {len(long.value)}"
    assert letter.headers["dead-letter-cut"] == sizes


def test_the_same_record_always_makes_the_same_dead_letter(letters):
    one, two = (letters.make(USER_COMMANDS, record(b"x"), "why") for _ in range(2))
    assert one == two
    assert letters.make(USER_COMMANDS, record(b"x", offset=1), "why").message_id != one.message_id


def test_more_than_the_limit_within_the_window_is_refused_by_a_message_that_says_so(letters):
    letters.count(some(letters, 0, 3))
    with pytest.raises(
        TooManyDeadLetters, match=r"^4 dead letters .* 60 s .*DEAD_LETTER_LIMIT=3.*why"
    ):
        letters.count(some(letters, 3, 1))


def test_letters_older_than_the_window_are_forgotten(letters, clock):
    letters.count(some(letters, 0, 3))
    clock.now = 60
    letters.count(some(letters, 3, 3))


def test_a_letter_that_is_made_again_because_a_transaction_was_tried_again_counts_once(letters):
    for _ in range(10):
        letters.count(some(letters, 0, 3))


def test_intakes_in_several_threads_may_share_the_limit(make_settings):
    letters = DeadLetters("c", make_settings(dead_letter_limit=1_000_000))
    batches = [some(letters, 50 * number, 50) for number in range(40)]

    def count(number: int) -> None:
        for batch in batches[number::4]:
            letters.count(batch)

    threads = [threading.Thread(target=count, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(letters._recent) == 2_000


def some(letters, first: int, count: int) -> list[Outgoing]:
    return [
        letters.make(USER_COMMANDS, record(b"x", offset=offset), "why")
        for offset in range(first, first + count)
    ]


def size_of(letter: Outgoing) -> int:
    headers = sum(len(name) + len(value.encode()) for name, value in letter.headers.items())
    return len(letter.value) + len(letter.key or b"") + headers + 1_000
