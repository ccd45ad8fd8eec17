"""Processes of the orchestrator that are killed at a crash point, and those that take over.

Production code knows nothing of it: a listener on SQLAlchemy's `commit`, and a publisher that dies.
"""

import asyncio
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass

from order_saga.actions import OrderActions
from order_saga.create_order.messages import PlaceOrder, Request
from order_saga.create_order.versions import definitions
from order_saga.desk import OrderDesk
from order_saga.handlers import react
from order_saga.orm import messaging
from order_saga.ports import Placement
from order_saga.repository import SqlSagas
from order_saga.settings import OrderSagaSettings
from order_saga.timers import Timers
from order_saga.transactions import Transactions
from saga_engine.messages import DeadlinePassed
from saga_messaging.delivery.dead_letters import DeadLetters
from saga_messaging.delivery.intake import Intake
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.kafka.publisher import Publisher
from saga_messaging.kafka.records import Outgoing, Record
from saga_messaging.postgres.database import Database
from saga_schemas import Envelope
from saga_schemas.codec import encode
from saga_schemas.topics import key_of, topic_of
from sqlalchemy import Connection, event, text

from saga_testing.versions import VERSIONS

PATIENCE_SECONDS = 30


@dataclass(frozen=True)
class Life:
    """Take these messages in; at this moment of the last one, be killed."""

    messages: Sequence[Envelope]
    moment: str

    async def live(self, process: "Process") -> None:
        *before, last = self.messages
        for message in before:
            await process.take(message)
            await process.send()
        process.die_at(self.moment)
        await process.take(last)
        await process.send()


@dataclass(frozen=True)
class NextLife:
    """Get once more the message that nobody acked, and send what was left behind."""

    message: Envelope

    async def live(self, process: "Process") -> None:
        await process.take(self.message)
        relay = asyncio.create_task(process.outbox.relay())
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await process.unsent():  # noqa: ASYNC110 - only the database knows
                await asyncio.sleep(0.005)
        process.outbox.stop()
        await relay
        await process.publisher.close()
        process.database.close()


class MortalPublisher(Publisher):
    """Is killed before it sends, or once Kafka has acked what it sent."""

    moment = "never"

    async def publish(self, records: Sequence[Outgoing]) -> None:
        if self.moment == "before_send":
            die()
        await super().publish(records)
        if self.moment == "after_send":
            die()


class Process:
    """Everything of the orchestrator through which a message comes in and goes out."""

    def __init__(self, settings: OrderSagaSettings) -> None:
        versions = definitions(settings.timeouts)
        self.database = Database.connect(settings)
        self.publisher = MortalPublisher(settings)
        self.outbox = Outbox(messaging.outbox, self.database, self.publisher, settings)
        transactions = Transactions(self.database, self.outbox)
        self._desk = OrderDesk(versions, transactions, settings)
        self._actions = OrderActions(versions, transactions, settings)
        self._timers = Timers(versions, transactions, settings)
        self._letters = DeadLetters("order-saga", settings)
        self._handler = lambda connection, heard: react(
            versions, SqlSagas(connection, VERSIONS), heard
        )

    async def take(self, message: Envelope) -> None:
        """On the message's own way in: orders API, timers, or the intake of its topic."""
        if isinstance(message, PlaceOrder):
            await self._desk.place(Placement(message, str(message.message_id), "digest"))
        elif isinstance(message, Request):
            await self._actions.take(message)
        elif isinstance(message, DeadlinePassed):
            await self._timers.fire_due()
        else:
            await self._hear(message)

    async def send(self) -> None:
        """Let the relay send what it was offered."""
        self.outbox.stop()
        await self.outbox.relay()

    async def unsent(self) -> int:
        query = text("SELECT count(*) FROM outbox WHERE sent_at IS NULL")
        return await self.database.transaction(lambda c: c.execute(query).scalar_one())

    def die_at(self, moment: str) -> None:
        """Be killed at this moment of whatever comes next."""
        self.publisher.moment = moment
        if moment == "before_commit":
            event.listen(self.database.engine, "commit", die)

    async def _hear(self, message: Envelope) -> None:
        topic = topic_of(message)
        intake = Intake(
            topic=topic,
            handler=self._handler,
            inbox_table=messaging.inbox,
            database=self.database,
            outbox=self.outbox,
            dead_letters=self._letters,
        )
        await intake.receive([Record(topic.name, 0, 0, key_of(message), encode(message))])


def die(_: Connection | None = None) -> None:
    """As `kill -9` does it."""
    os.kill(os.getpid(), signal.SIGKILL)
