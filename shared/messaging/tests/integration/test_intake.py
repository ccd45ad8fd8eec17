"""The intake on PostgreSQL: the rows that a batch leaves."""

import asyncio
import json
from functools import partial

import pytest
import structlog
from messaging_testing.fakes import FakePublisher, queued
from messaging_testing.messages import command, record, records
from messaging_testing.service import BUG, REFUSED, ParticipantSettings, handle, messaging
from saga_messaging.delivery import counts
from saga_messaging.delivery.dead_letters import DeadLetters
from saga_messaging.delivery.intake import Intake
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.delivery.outcomes import BatchResult, Ignored, Refused
from saga_messaging.errors import TooManyDeadLetters
from saga_schemas.codec import encode
from saga_schemas.topics import USER_COMMANDS
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

pytestmark = pytest.mark.stack


@pytest.fixture
def settings(make_settings):
    return ParticipantSettings(**make_settings(dead_letter_limit=5).model_dump(), buggy=True)


@pytest.fixture
async def outbox(database, settings):
    return Outbox(messaging.outbox, database, FakePublisher(), settings)


@pytest.fixture
def make_intake(database, outbox, settings):
    def make(handler=None, outbox=outbox) -> Intake:
        return Intake(
            topic=USER_COMMANDS,
            handler=handler or partial(handle, settings),
            inbox_table=messaging.inbox,
            database=database,
            outbox=outbox,
            dead_letters=DeadLetters("participant", settings),
        )

    return make


@pytest.fixture
def intake(make_intake):
    return make_intake()


@pytest.fixture
def rows(database):
    async def read(query: str) -> list[tuple]:
        result = await database.transaction(lambda each: each.execute(text(query)).all())
        return [tuple(row) for row in result]

    return read


async def test_a_batch_is_one_transaction_with_inbox_effects_and_replies(intake, rows, outbox):
    messages = [command() for _ in range(20)]
    await intake.receive(records(*messages))
    inbox = await rows("SELECT message_id, correlation_id, type, effect FROM inbox")
    assert set(inbox) == {
        (each.message_id, each.correlation_id, each.type, "answered") for each in messages
    }
    assert await rows("SELECT size FROM batches") == [(20,)]
    assert {row[0] for row in await rows("SELECT message_id FROM effects")} == {
        each.message_id for each in messages
    }
    assert len(queued(outbox)) == 20


async def test_a_reply_names_its_cause(intake, outbox):
    message = command()
    await intake.receive(records(message))
    assert f'"causation_id":"{message.message_id}"'.encode() in queued(outbox)[0].value


async def test_duplicates_within_a_batch_and_across_batches_have_no_effect(intake, rows, outbox):
    one, two, three = command(), command(), command()
    await intake.receive(records(one, two, one, one))
    await intake.receive(records(two, three, one))
    await intake.receive(records(one, two, three))
    assert await rows("SELECT size FROM batches ORDER BY n") == [(2,), (1,)]
    assert len(await rows("SELECT * FROM inbox")) == 3
    assert len(queued(outbox)) == 3


async def test_messages_keep_their_order_and_the_first_of_two_duplicates_is_handled(make_intake):
    seen = []

    def remember(_, messages):
        seen.extend(messages)
        return BatchResult({})

    one, two = command(), command()
    with pytest.raises(KeyError):
        await make_intake(remember).receive(records(two, one, two))
    assert seen == [two, one]


async def test_a_batch_handled_by_several_processes_has_one_effect(make_intake, rows):
    messages = [command() for _ in range(50)]
    intakes = [make_intake() for _ in range(4)]
    orders = (messages, messages[::-1], messages, messages[::-1])
    await asyncio.gather(
        *(each.receive(records(*order)) for each, order in zip(intakes, orders, strict=True))
    )
    assert await rows("SELECT count(*), count(DISTINCT message_id) FROM effects") == [(50, 50)]
    assert await rows("SELECT count(*) FROM outbox") == [(50,)]


async def test_invalid_and_refused_messages_become_dead_letters_and_the_others_are_handled(
    intake, rows, outbox
):
    refused = command("lost", user=REFUSED)
    batch = [record(b"poison", 0), *records(refused, command(), offset=1), record(None, 3)]
    await intake.receive(batch)
    query = """
        SELECT headers ->> 'dead-letter-offset', headers ->> 'dead-letter-reason', topic
        FROM outbox WHERE type = 'dead-letter' ORDER BY 1
    """
    dead_letters = await rows(query)
    assert [offset for offset, _, _ in dead_letters] == ["0", "1", "3"]
    assert dead_letters[1][1] == "no saga lost"
    assert {topic for _, _, topic in dead_letters} == {"user_commands.dlq"}
    assert await rows("SELECT effect FROM inbox") == [("answered",)]
    assert len(queued(outbox)) == 4


async def test_a_refused_message_is_handled_when_it_is_replayed(make_intake, rows):
    message = command()
    refusing = make_intake(
        lambda _, messages: BatchResult({each.message_id: Refused("not yet") for each in messages})
    )
    await refusing.receive(records(message))
    replayed = records(message, offset=1)
    await make_intake().receive(replayed)
    await make_intake().receive(replayed)
    assert await rows("SELECT effect FROM inbox") == [("answered",)]
    assert await rows("SELECT type FROM outbox ORDER BY type") == [
        ("dead-letter",),
        ("user.payment_info_failed",),
    ]


async def test_a_redelivered_poison_message_adds_no_dead_letter(intake, rows, outbox):
    for _ in range(3):
        await intake.receive([record(b"poison"), *records(command("x", user=REFUSED), offset=1)])
    poison = [each for each in queued(outbox) if each.value == b"poison"]
    assert len(poison) == 1
    query = "SELECT count(*) FROM outbox WHERE headers ->> 'dead-letter-offset' = '0'"
    assert await rows(query) == [(1,)]


async def test_beyond_the_limit_of_dead_letters_nothing_is_stored(intake, rows):
    batch = [*records(command()), *(record(b"poison", offset) for offset in range(1, 7))]
    with pytest.raises(TooManyDeadLetters):
        await intake.receive(batch)
    for table in ("inbox", "outbox", "effects"):
        assert await rows(f"SELECT count(*) FROM {table}") == [(0,)]


async def test_refused_messages_are_not_counted(intake, rows):
    await intake.receive(records(*(command(user=REFUSED) for _ in range(6))))
    assert await rows("SELECT count(*) FROM outbox WHERE type = 'dead-letter'") == [(6,)]


async def test_retries_of_a_transaction_count_each_dead_letter_once(
    make_intake, settings, outbox, database, rows
):
    tries = []

    class Conflicting(Outbox):
        """Loses a race for the same rows three times."""

        def store(self, connection, records):
            tries.append(1)
            if len(tries) in (
                2,
                4,
                6,
            ):  # each attempt stores twice: the replies, then the dead letters
                row = "INSERT INTO inbox SELECT * FROM inbox"
                connection.execute(text(row))
            return super().store(connection, records)

    conflicting = Conflicting(messaging.outbox, database, FakePublisher(), settings)
    await make_intake(outbox=conflicting).receive(
        records(command(), *(command(user=REFUSED) for _ in range(4)))
    )
    assert len(tries) == 8
    assert await rows("SELECT count(*) FROM outbox") == [(5,)]


async def test_an_error_of_the_handler_is_raised_and_nothing_is_stored(intake, rows, outbox):
    with pytest.raises(RuntimeError, match="a bug in the handler"):
        await intake.receive(records(command(), command(user=BUG)))
    for table in ("inbox", "outbox", "effects"):
        assert await rows(f"SELECT count(*) FROM {table}") == [(0,)]
    assert not queued(outbox)


async def test_a_message_whose_effect_cannot_be_stored_is_a_dead_letter_and_the_others_go_on(
    make_intake, settings, rows, outbox
):
    messages = [command() for _ in range(9)]
    poison = messages[4].message_id

    def failing(connection, batch):
        if poison in {each.message_id for each in batch}:
            connection.execute(text("SELECT 2147483648::int"))
        return handle(settings, connection, batch)

    await make_intake(failing).receive(records(*messages))

    stored = await rows("SELECT message_id FROM inbox ORDER BY received_at")
    assert [row[0] for row in stored] == [
        each.message_id for each in messages if each.message_id != poison
    ]
    ((headers,),) = await rows("SELECT headers FROM outbox WHERE type = 'dead-letter'")
    assert headers["dead-letter-offset"] == "4"
    assert headers["dead-letter-reason"] == ("its effect cannot be stored: integer out of range")
    assert len(queued(outbox)) == 9


async def test_a_release_whose_effects_cannot_be_stored_stops_at_the_limit_of_dead_letters(
    make_intake, rows
):
    def failing(connection, _):
        connection.execute(text("SELECT 1 / 0"))

    with pytest.raises(TooManyDeadLetters, match="division by zero") as raised:
        await make_intake(failing).receive(records(*(command() for _ in range(9))))

    assert raised.value.left == {0: 5}
    assert await rows("SELECT count(*) FROM outbox") == [(5,)]
    assert await rows("SELECT count(*) FROM inbox") == [(0,)]


async def test_a_violated_constraint_is_a_bug_and_loses_nothing(make_intake, rows):
    def failing(connection, _):
        connection.execute(text("INSERT INTO inbox (message_id) VALUES (NULL)"))

    with pytest.raises(IntegrityError):
        await make_intake(failing).receive(records(command()))

    assert await rows("SELECT count(*) FROM outbox") == [(0,)]


async def test_an_ignored_message_leaves_nothing_but_a_count(make_intake, rows):
    ignoring = make_intake(
        lambda _, messages: BatchResult({each.message_id: Ignored("why") for each in messages})
    )
    before = counted("ignored")
    await ignoring.receive(records(command(), command()))
    for table in ("inbox", "outbox", "effects"):
        assert await rows(f"SELECT count(*) FROM {table}") == [(0,)]
    assert counted("ignored") == before + 2


async def test_a_duplicate_is_counted_and_logged(intake):
    message = command()
    await intake.receive(records(message))
    before = counted("duplicate")
    with structlog.testing.capture_logs() as logs:
        await intake.receive(records(message, message, offset=7))
    assert counted("duplicate") == before + 2
    skipped = [each for each in logs if each["event"] == "duplicate_skipped"]
    assert [each["record"] for each in skipped] == ["user_commands[0]@7", "user_commands[0]@8"]
    assert {each["message_id"] for each in skipped} == {str(message.message_id)}


@pytest.mark.parametrize("at_once", [True, False])
async def test_another_message_with_the_same_id_is_a_dead_letter(intake, rows, at_once):
    first = command("saga")
    other = command("saga", user="user_2", message_id=first.message_id)
    before = counted("conflict")
    if at_once:
        await intake.receive(records(first, other, first))
    else:
        await intake.receive(records(first))
        await intake.receive(records(other, offset=1))
        await intake.receive(records(other, offset=1))
    assert await rows("SELECT message ->> 'message_id' FROM inbox") == [(str(first.message_id),)]
    query = "SELECT headers ->> 'dead-letter-reason', value FROM outbox WHERE type = 'dead-letter'"
    ((reason, value),) = await rows(query)
    assert reason.startswith(f"message_id: {first.message_id} was used before by another message")
    assert bytes(value) == encode(other)
    assert counted("conflict") == before + (1 if at_once else 2)


async def test_the_same_message_written_differently_is_a_duplicate(intake, rows):
    message = command("saga")
    body = json.loads(encode(message))
    later = dict(reversed(body.items())) | {"timestamp": "2030-01-01T00:00:00Z"}
    await intake.receive(records(message))
    await intake.receive([record(json.dumps(later, indent=2).encode(), 1)])
    assert await rows("SELECT type FROM outbox") == [("user.payment_info_failed",)]


async def test_a_row_of_an_earlier_release_has_no_digest_and_is_a_duplicate(intake, rows, database):
    message = command("saga")
    await intake.receive(records(message))
    await database.transaction(lambda each: each.execute(text("UPDATE inbox SET digest = NULL")))
    await intake.receive(records(message, offset=1))
    assert await rows("SELECT type FROM outbox") == [("user.payment_info_failed",)]


async def test_a_message_without_an_id_has_one_effect_and_another_one_has_its_own(intake, rows):
    first, second = (by_hand(user) for user in ("user_1", "user_2"))
    await intake.receive([record(first, 0), record(second, 1), record(first, 2)])
    await intake.receive([record(second, 3)])
    assert await rows("SELECT count(*) FROM effects") == [(2,)]


def by_hand(user: str) -> bytes:
    body = json.loads(encode(command("saga", user=user)))
    del body["message_id"]
    return json.dumps(body).encode()


def counted(outcome: str) -> float:
    return counts.MESSAGES.labels("user_commands", outcome)._value.get()


async def test_a_message_without_an_outcome_is_a_bug(make_intake, rows):
    incomplete = make_intake(lambda *_: BatchResult({}))
    with pytest.raises(KeyError):
        await incomplete.receive(records(command()))
    assert await rows("SELECT count(*) FROM inbox") == [(0,)]


async def test_the_callback_runs_after_the_commit_only(make_intake, settings, rows):
    followed = []

    def handler(connection, messages):
        result = handle(settings, connection, messages)
        return BatchResult(result.outcomes, after_commit=lambda: followed.append(len(messages)))

    intake = make_intake(handler)
    with pytest.raises(RuntimeError):
        await intake.receive(records(command(user=BUG)))
    assert not followed
    await intake.receive(records(command(), command()))
    assert followed == [2]


async def test_a_batch_of_poison_messages_does_not_call_the_handler(make_intake, rows):
    def never(*_):
        raise AssertionError

    await make_intake(never).receive([record(b"poison")])
    assert await rows("SELECT count(*) FROM outbox") == [(1,)]
