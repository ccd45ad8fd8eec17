"""Messages that this process is too old for: kept as received, for a newer process to handle."""

import asyncio

import pytest
from messaging_testing.fakes import FakePublisher, queued
from messaging_testing.messages import command, record, records
from messaging_testing.service import ParticipantSettings, handle, messaging
from saga_messaging.delivery import deferred
from saga_messaging.delivery.dead_letters import DeadLetters
from saga_messaging.delivery.intake import Intake
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.delivery.outcomes import BatchResult, Deferred
from saga_messaging.kafka.records import Record
from saga_schemas.codec import encode
from saga_schemas.topics import USER_COMMANDS, USER_EVENTS
from sqlalchemy import MetaData, text

pytestmark = pytest.mark.stack

TABLE = deferred.deferred_table(MetaData())
NEEDS = {"needs_3": 3, "needs_4": 4}
"""Users whose messages need a version."""


@pytest.fixture
def settings(make_settings):
    return ParticipantSettings(**make_settings(dead_letter_limit=5).model_dump(), buggy=True)


@pytest.fixture
async def outbox(database, settings):
    return Outbox(messaging.outbox, database, FakePublisher(), settings)


@pytest.fixture
async def intake_of(database, outbox, settings):
    """An intake of a process that has these versions."""
    await database.transaction(TABLE.create)

    def intake_of(*versions, handler=None):
        def defer_or_handle(connection, messages):
            needs = {each.message_id: NEEDS.get(each.payload.clerk_user_id) for each in messages}
            waiting = {
                message_id: Deferred(f"needs {version}", version)
                for message_id, version in needs.items()
                if version and version not in versions
            }
            rest = [each for each in messages if each.message_id not in waiting]
            result = handle(settings, connection, rest)
            return BatchResult({**waiting, **result.outcomes}, result.after_commit)

        return Intake(
            topic=USER_COMMANDS,
            handler=handler or defer_or_handle,
            inbox_table=messaging.inbox,
            database=database,
            outbox=outbox,
            dead_letters=DeadLetters("participant", settings),
            deferred_table=TABLE,
        )

    return intake_of


@pytest.fixture
def rows(database):
    async def read(query: str) -> list[tuple]:
        result = await database.transaction(lambda each: each.execute(text(query)).all())
        return [tuple(row) for row in result]

    return read


@pytest.fixture
def waiting(rows):
    """Reads the ids of the messages that wait, oldest first."""

    async def waiting():
        return [
            row[0] for row in await rows("SELECT message_id FROM deferred_messages ORDER BY id")
        ]

    return waiting


@pytest.fixture
def handled(rows):
    """Reads the ids of the messages that had their effect, in that order."""

    async def handled():
        return [row[0] for row in await rows("SELECT message_id FROM effects ORDER BY n")]

    return handled


async def test_a_deferred_record_is_kept_as_received_and_has_no_effect(intake_of, rows, outbox):
    message = command("saga", user="needs_3")
    value = encode(message).replace(b'"version":1', b'"version": 1, "added": "\\u00e9"')
    received = Record(USER_COMMANDS.name, 3, 17, b"\x00\xff", value)

    await intake_of().receive([received])

    query = 'SELECT message_id, version, topic, partition, "offset", key, value'
    query += ", correlation_id FROM deferred_messages"
    ((message_id, version, *place, key, kept, correlation_id),) = await rows(query)
    assert (message_id, version, correlation_id) == (message.message_id, 3, "saga")
    assert place == [received.topic, received.partition, received.offset]
    assert (bytes(key), bytes(kept)) == (received.key, received.value)
    for table in ("inbox", "outbox", "effects"):
        assert await rows(f"SELECT count(*) FROM {table}") == [(0,)]
    assert not queued(outbox)


async def test_what_is_taken_is_the_record_that_was_received(database, intake_of):
    received = Record(USER_COMMANDS.name, 3, 17, None, encode(command(user="needs_3")))
    await intake_of().receive([received])

    taken = await database.transaction(
        lambda connection: [*deferred.take(connection, TABLE, USER_COMMANDS, [3], 10).values()]
    )

    assert taken == [received]


async def test_a_record_behind_a_deferred_one_goes_on(intake_of, waiting, handled):
    newer, current = command(user="needs_3"), command()

    await intake_of().receive(records(newer, current))

    assert await waiting() == [newer.message_id]
    assert await handled() == [current.message_id]


async def test_a_duplicate_is_deferred_once(intake_of, waiting):
    message = command(user="needs_3")

    await intake_of().receive(records(message, message))
    await intake_of().receive(records(message, offset=9))

    assert await waiting() == [message.message_id]


async def test_another_record_with_the_same_id_is_kept_beside_the_first(intake_of, rows, handled):
    message = command("saga", user="needs_3")
    other = command("saga", user="needs_4", message_id=message.message_id)

    for each in (message, other, message):
        await intake_of().receive(records(each))

    kept = await rows("SELECT value FROM deferred_messages ORDER BY id")
    assert [bytes(value) for (value,) in kept] == [encode(message), encode(other)]
    await intake_of(3, 4).receive_deferred([3, 4], 10)
    assert await handled() == [message.message_id]
    reasons = await rows("SELECT headers ->> 'dead-letter-reason' FROM outbox WHERE key = 'key'")
    assert "was used before by another message" in reasons[0][0]


async def test_a_newer_process_handles_what_was_deferred_once_with_its_answer(
    intake_of, waiting, handled, rows, outbox
):
    message = command(user="needs_3")
    await intake_of().receive(records(message))
    newer = intake_of(3)

    counts = [await newer.receive_deferred([1, 2, 3], 10) for _ in range(2)]

    assert counts == [1, 0]
    assert await waiting() == []
    assert await handled() == [message.message_id]
    assert await rows("SELECT message_id, effect FROM inbox") == [(message.message_id, "answered")]
    (answer,) = queued(outbox)
    assert f'"causation_id":"{message.message_id}"'.encode() in answer.value


async def test_messages_are_taken_by_version_and_in_the_order_in_which_they_came(
    intake_of, waiting, handled
):
    users = ["needs_4", "needs_3", "needs_3", "needs_4", "needs_3"]
    messages = [command("one saga", user=user) for user in users]
    for message in messages:
        await intake_of().receive(records(message))
    ids = [message.message_id for message in messages]

    counts = [await intake_of(3).receive_deferred({1: ..., 3: ...}, 2) for _ in range(3)]

    assert counts == [2, 1, 0]
    assert await handled() == [ids[1], ids[2], ids[4]]
    assert await waiting() == [ids[0], ids[3]]
    await intake_of(3, 4).receive_deferred([3, 4], 2)
    assert await handled() == [ids[1], ids[2], ids[4], ids[0], ids[3]]


async def test_messages_of_another_topic_are_left_to_its_intake(database, intake_of, waiting):
    await intake_of().receive(records(command(user="needs_3")))

    taken = await database.transaction(
        lambda connection: [*deferred.take(connection, TABLE, USER_EVENTS, [3], 10).values()]
    )

    assert taken == []
    assert len(await waiting()) == 1


async def test_a_transaction_that_fails_leaves_what_it_took_and_loses_nothing(
    intake_of, waiting, handled
):
    messages = [command(user="needs_3"), command(user="needs_3")]
    await intake_of().receive(records(*messages))

    with pytest.raises(RuntimeError, match="a bug"):
        await intake_of(3, handler=handle_with_a_bug).receive_deferred([3], 10)

    assert await waiting() == [message.message_id for message in messages]
    assert await handled() == []
    assert await intake_of(3).receive_deferred([3], 10) == 2


async def test_a_deferred_message_whose_effect_cannot_be_stored_is_a_dead_letter(
    intake_of, waiting, handled, settings, rows
):
    messages = [command(user="needs_3") for _ in range(3)]
    await intake_of().receive(records(*messages))
    poison, *others = [each.message_id for each in messages]

    def failing(connection, batch):
        if poison in {each.message_id for each in batch}:
            connection.execute(text("SELECT 2147483648::int"))
        return handle(settings, connection, batch)

    intake = intake_of(3, handler=failing)
    assert await intake.receive_deferred([3], 10) == 1
    assert await intake.receive_deferred([3], 10) == 2
    assert await intake.receive_deferred([3], 10) == 0

    assert await waiting() == []
    assert await handled() == others
    ((headers,),) = await rows("SELECT headers FROM outbox WHERE type = 'dead-letter'")
    assert "integer out of range" in headers["dead-letter-reason"]


async def test_a_deferred_message_that_was_removed_meanwhile_is_not_a_dead_letter(
    intake_of, waiting, rows, database
):
    first, second = command(user="needs_3"), command(user="needs_3")
    await intake_of().receive(records(first, second))

    def failing(connection, batch):
        connection.execute(text("SELECT 1 / 0"))

    intake, run = intake_of(3, handler=failing), database.transaction

    async def after_another_process(work, **options):
        if work.__qualname__.endswith("store"):
            delete = text("DELETE FROM deferred_messages WHERE message_id = :id")
            await run(lambda connection: connection.execute(delete, {"id": first.message_id}))
        return await run(work, **options)

    database.transaction = after_another_process
    assert await intake.receive_deferred([3], 10) == 0
    database.transaction = run

    assert await waiting() == [second.message_id]
    assert await rows("SELECT message_id FROM outbox") == []


def handle_with_a_bug(connection, messages):
    row = "INSERT INTO effects (message_id, correlation_id) VALUES (:message, 'saga')"
    connection.execute(text(row), [{"message": each.message_id} for each in messages])
    raise RuntimeError("a bug in the handler")


async def test_a_deferred_message_that_was_handled_meanwhile_has_no_second_effect(
    intake_of, waiting, handled
):
    message = command(user="needs_3")
    await intake_of().receive(records(message))
    newer = intake_of(3)
    await newer.receive(records(message, offset=7))

    await newer.receive_deferred([3], 10)

    assert await handled() == [message.message_id]
    assert await waiting() == []


async def test_a_handled_message_is_not_deferred_when_it_comes_again(intake_of, waiting):
    message = command(user="needs_3")
    await intake_of(3).receive(records(message))

    await intake_of().receive(records(message))

    assert await waiting() == []


async def test_a_message_that_is_deferred_again_waits_on_and_does_not_count(
    intake_of, waiting, handled
):
    again, good = command(user="needs_3"), command(user="needs_4")
    await intake_of().receive(records(again, good))

    counts = [await intake_of(4).receive_deferred([3, 4], 10) for _ in range(2)]

    assert counts == [1, 0]
    assert await waiting() == [again.message_id]
    assert await handled() == [good.message_id]


async def test_processes_that_take_at_the_same_time_have_one_effect(intake_of, waiting, rows):
    messages = [command(user="needs_3") for _ in range(60)]
    await intake_of().receive(records(*messages))
    takers = [intake_of(3) for _ in range(4)]

    counts = await asyncio.gather(*(each.receive_deferred([3], 20) for each in takers))

    while await waiting():
        counts += [await takers[0].receive_deferred([3], 20)]
    assert await rows("SELECT count(*), count(DISTINCT message_id) FROM effects") == [(60, 60)]
    assert sum(counts) == 60


async def test_nothing_deferred_is_nothing_to_do(intake_of, rows):
    assert await intake_of(3).receive_deferred([1, 2, 3], 10) == 0
    assert await rows("SELECT count(*) FROM batches") == [(0,)]


async def test_poison_beside_a_deferred_record_is_a_dead_letter(intake_of, waiting, rows):
    message = command(user="needs_3")

    await intake_of().receive([record(b"poison", 5), *records(message)])

    assert await waiting() == [message.message_id]
    assert await rows("SELECT type FROM outbox") == [("dead-letter",)]
