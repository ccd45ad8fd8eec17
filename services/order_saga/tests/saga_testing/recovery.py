"""Recovery from a crash: kill a process, start the next, read what PostgreSQL and Kafka hold."""

import asyncio
import json
import signal
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Self
from uuid import UUID, uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition
from order_saga.create_order.state import OrderSaga
from order_saga.runtime.orm import messaging, sagas
from order_saga.runtime.repository import saga_of
from order_saga.settings import OrderSagaSettings
from saga_messaging.kafka.topics import create_topics
from saga_schemas import Envelope
from saga_schemas.topics import TOPICS
from sqlalchemy import Engine, create_engine, select

from saga_testing.crashing_process import CrashingRun, RecoveringRun
from saga_testing.process_forks import ProcessForks
from saga_testing.versions import VERSIONS

READ_TIMEOUT_SECONDS = 60


class Recovery:
    """Runs processes that crash, and reads what they stored and sent; the database has one saga."""

    def __init__(self, forks: ProcessForks, engine: Engine, topics: "Topics") -> None:
        self._forks, self._engine, self._topics = forks, engine, topics

    @classmethod
    @contextmanager
    def on(cls, kafka_bootstrap: str, **changes: Any) -> Iterator[Self]:
        """Connect to the database and Kafka, with a topic prefix of its own."""
        settings = OrderSagaSettings(
            kafka_bootstrap_servers=kafka_bootstrap,
            kafka_topic_prefix=f"t{uuid4().hex[:10]}.",
            **changes,
        )
        engine = create_engine(settings.database_url)
        with Topics.of(settings) as topics, ProcessForks.of(settings) as forks:
            yield cls(forks, engine, topics)
        engine.dispose()

    def kill(self, messages: Sequence[Envelope], moment: str) -> None:
        """Let a process receive the messages; it is killed at a moment of the last one."""
        self._topics.read()
        assert self._forks.exit_code(CrashingRun(messages, moment)) == -signal.SIGKILL

    def take_over(self, message: Envelope) -> None:
        """Let the next process receive the last message again, and send what is unsent."""
        assert self._forks.exit_code(RecoveringRun(message)) == 0

    def saga(self) -> OrderSaga:
        """Return the saga without its deadline, which is in the database's time."""
        [row] = self._rows(select(sagas))
        return replace(saga_of(row, VERSIONS), deadline_at=None)

    def history(self) -> list[Any]:
        """Return the inbox rows, in the order in which they were received."""
        return self._rows(select(messaging.inbox).order_by(messaging.inbox.c.received_at))

    def unsent(self) -> list[Any]:
        return self._rows(select(messaging.outbox).where(messaging.outbox.c.sent_at.is_(None)))

    def stored(self) -> dict[UUID, bytes]:
        """Return the outbox: each message by its id, in the order in which it was stored."""
        rows = self._rows(select(messaging.outbox).order_by(messaging.outbox.c.created_at))
        return {row.message_id: bytes(row.value) for row in rows}

    def sent(self) -> dict[UUID, list[bytes]]:
        """Return every copy that Kafka has of each message since the last call, by its id."""
        copies = defaultdict[UUID, list[bytes]](list)
        for value in self._topics.read():
            copies[UUID(json.loads(value)["message_id"])].append(value)
        return dict(copies)

    def _rows(self, query: Any) -> list[Any]:
        with self._engine.connect() as connection:
            return list(connection.execute(query))


class Topics:
    """A consumer of every topic, from the beginning."""

    def __init__(self, runner: asyncio.Runner, consumer: AIOKafkaConsumer) -> None:
        self._runner, self._consumer = runner, consumer

    @classmethod
    @contextmanager
    def of(cls, settings: OrderSagaSettings) -> Iterator[Self]:
        """Create the topics, and consume them."""
        names = [settings.kafka_topic_prefix + topic.name for topic in TOPICS]
        with asyncio.Runner() as runner:
            runner.run(create_topics(settings))
            consumer = runner.run(_consumer(settings, names))
            try:
                yield cls(runner, consumer)
            finally:
                runner.run(consumer.stop())

    def read(self) -> list[bytes]:
        """Return the values of the records that were written since the last call."""
        return self._runner.run(self._read())

    async def _read(self) -> list[bytes]:
        values, consumer = list[bytes](), self._consumer
        ends = await consumer.end_offsets(consumer.assignment())
        async with asyncio.timeout(READ_TIMEOUT_SECONDS):
            while any(
                [await consumer.position(partition) < end for partition, end in ends.items()]
            ):
                for records in (await consumer.getmany(timeout_ms=10)).values():
                    values += [record.value for record in records]
        return values


async def _consumer(settings: OrderSagaSettings, names: list[str]) -> AIOKafkaConsumer:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=10,  # other requests wait behind a fetch
    )
    await consumer.start()
    consumer.assign([TopicPartition(name, 0) for name in names])
    return consumer
