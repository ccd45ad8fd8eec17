"""Orchestrator processes that are killed at a crash point, and those that recover.

Production code has no hooks for this: a listener on SQLAlchemy's `commit`, and a publisher, call
`kill -9` on their own process.
"""

import asyncio
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass

from order_saga.create_order.messages import PlaceOrder, Request
from order_saga.create_order.versions import definitions
from order_saga.runtime.handlers import react
from order_saga.runtime.orders import Orders
from order_saga.runtime.orm import messaging
from order_saga.runtime.ports import Placement
from order_saga.runtime.repository import SqlSagas
from order_saga.runtime.timers import Timers
from order_saga.runtime.transactions import Transactions
from order_saga.settings import OrderSagaSettings
from saga_engine.messages import DeadlinePassed
from saga_messaging.delivery.dead_letters import DeadLetters
from saga_messaging.delivery.intake import Intake
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.kafka.publisher import Publisher
from saga_messaging.kafka.records import Outgoing, Record
from saga_messaging.kafka.refusals import PublishResult
from saga_messaging.postgres.database import Database
from saga_schemas import Envelope
from saga_schemas.codec import encode
from saga_schemas.topics import key_of, topic_of
from sqlalchemy import Connection, event, text

from saga_testing.versions import VERSIONS

RELAY_TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class CrashingRun:
    """Receives messages, and is killed at a moment of the last one."""

    messages: Sequence[Envelope]
    moment: str

    async def execute(self, process: "Process") -> None:
        *before, last = self.messages
        for message in before:
            await process.receive(message)
            await process.send()
        process.crash_at(self.moment)
        await process.receive(last)
        await process.send()


@dataclass(frozen=True)
class RecoveringRun:
    """Receives the unacknowledged message again, and sends what is unsent."""

    message: Envelope

    async def execute(self, process: "Process") -> None:
        await process.receive(self.message)
        relay = asyncio.create_task(process.outbox.relay())
        async with asyncio.timeout(RELAY_TIMEOUT_SECONDS):
            while await process.unsent():  # noqa: ASYNC110 - only the database can tell
                await asyncio.sleep(0.005)
        process.outbox.stop()
        await relay
        await process.publisher.close()
        process.database.close()


class CrashingPublisher(Publisher):
    """Kills the process before it sends, or once Kafka has acknowledged what was sent."""

    moment = "never"

    async def publish(self, records: Sequence[Outgoing]) -> PublishResult:
        if self.moment == "before_send":
            crash()
        result = await super().publish(records)
        if self.moment == "after_send":
            crash()
        return result


class Process:
    """Everything of the orchestrator that receives or sends a message."""

    def __init__(self, settings: OrderSagaSettings) -> None:
        versions = definitions(settings.timeouts)
        self.database = Database.connect(settings)
        self.publisher = CrashingPublisher(settings)
        self.outbox = Outbox(messaging.outbox, self.database, self.publisher, settings)
        transactions = Transactions(self.database, self.outbox)
        self._orders = Orders(versions, transactions, settings)
        self._timers = Timers(versions, transactions, settings)
        self._dead_letters = DeadLetters("order-saga", settings)
        self._handler = lambda connection, messages: react(
            versions, SqlSagas(connection, VERSIONS), messages
        )

    async def receive(self, message: Envelope) -> None:
        """Receive a message where it enters: the orders API, the timers, or its topic's intake."""
        if isinstance(message, PlaceOrder):
            await self._orders.place(Placement(message, str(message.message_id), "digest"))
        elif isinstance(message, Request):
            await self._orders.request(message)
        elif isinstance(message, DeadlinePassed):
            await self._timers.fire_due()
        else:
            await self._take_in(message)

    async def send(self) -> None:
        """Let the relay send what it was offered, then stop."""
        self.outbox.stop()
        await self.outbox.relay()

    async def unsent(self) -> int:
        query = text("SELECT count(*) FROM outbox WHERE sent_at IS NULL")
        return await self.database.transaction(lambda c: c.execute(query).scalar_one())

    def crash_at(self, moment: str) -> None:
        """Kill the process at this moment of the next message."""
        self.publisher.moment = moment
        if moment == "before_commit":
            event.listen(self.database.engine, "commit", crash)

    async def _take_in(self, message: Envelope) -> None:
        topic = topic_of(message)
        intake = Intake(
            topic=topic,
            handler=self._handler,
            inbox_table=messaging.inbox,
            database=self.database,
            outbox=self.outbox,
            dead_letters=self._dead_letters,
        )
        await intake.receive([Record(topic.name, 0, 0, key_of(message), encode(message))])


def crash(_: Connection | None = None) -> None:
    """Kill this process, as `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)
