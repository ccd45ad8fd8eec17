"""A running process that consumes topics to which others publish in transactions."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from messaging_testing.messages import command, raw
from saga_stack.processes.waiting import wait_while

pytestmark = [pytest.mark.stack, pytest.mark.slow]

SAGA = "saga"
"""One key: all messages are on one partition."""


@asynccontextmanager
async def transactional(system) -> AsyncGenerator[AIOKafkaProducer]:
    options = {"bootstrap_servers": system.servers, "transactional_id": system.prefix}
    async with AIOKafkaProducer(**options) as producer:
        yield producer


async def send(producer: AIOKafkaProducer, topic: str, messages) -> TopicPartition:
    for message in messages:
        record = raw(message)
        sent = await producer.send_and_wait(topic, record.value, record.key)
    return sent.topic_partition


async def aborted_and_committed(system, aborted, committed) -> None:
    async with transactional(system) as producer:
        for messages, end in [
            (committed[:2], producer.commit_transaction),
            (aborted[:3], producer.abort_transaction),
            (committed[2:], producer.commit_transaction),
            (aborted[3:], producer.abort_transaction),
        ]:
            await producer.begin_transaction()
            await send(producer, system.commands, messages)
            await end()


def test_an_aborted_message_has_no_effect_and_markers_are_no_lag(system):
    aborted = [command(SAGA) for _ in range(5)]
    committed = [command(SAGA) for _ in range(4)]
    asyncio.run(aborted_and_committed(system, aborted, committed))
    system.start()
    system.await_rest(len(committed), 90)
    everything = len(aborted) + len(committed) + 4  # and a marker of each transaction
    system.await_number(system.acked, everything)
    more = [command(SAGA) for _ in range(4)]
    asyncio.run(aborted_and_committed(system, aborted, more))
    everything *= 2
    system.await_number(system.acked, everything)
    behind = command(SAGA)
    system.send([behind])
    system.await_rest(len(committed) + len(more) + 1)
    system.check_exactly_once({message.message_id for message in [*committed, *more, behind]})
    system.await_number(system.acked, everything + 1)
    assert system.dead_letters() == []


def test_an_open_transaction_is_waited_for_and_seen(system):
    process = system.start(kafka_open_transaction_seconds="1.5")
    process.await_ready()
    inside, behind = command(SAGA), command(SAGA)

    async def leave_open() -> None:
        async with transactional(system) as producer:
            await producer.begin_transaction()
            partition = await send(producer, system.commands, [inside])
            await asyncio.to_thread(system.send, [behind])
            text = f"{partition.topic}[{partition.partition}]: a transaction at offset 0 has been"
            await asyncio.to_thread(await_unready, process, text)
            assert system.handled() == 0
            await producer.commit_transaction()

    asyncio.run(leave_open())
    system.await_rest(2)
    process.await_ready()
    system.check_exactly_once({inside.message_id, behind.message_id})
    assert "transaction_left_open" in process.log_tail(500)


def await_unready(process, text: str) -> None:
    def missing() -> str | None:
        status, body = process.get()
        found = status == 503 and text in body["consumer"]
        return None if found else f"{status} {body}"

    wait_while(missing, 60)
