"""The Kafka edge: the participants' replies, and messages that older replicas deferred."""

import asyncio
from collections.abc import Sequence

import faust
from saga_messaging.delivery.dead_letters import DeadLetters
from saga_messaging.delivery.intake import Intake
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.delivery.outcomes import BatchResult
from saga_messaging.kafka.consumer import consume
from saga_messaging.postgres.database import Database
from saga_schemas import Envelope
from sqlalchemy import Connection

from order_saga.create_order.versions import Definitions
from order_saga.kafka_access import ACCESS
from order_saga.runtime.handlers import react
from order_saga.runtime.orm import deferred, messaging
from order_saga.runtime.repository import SqlSagas
from order_saga.settings import OrderSagaSettings


def reply_intakes(
    definitions: Definitions, database: Database, outbox: Outbox, settings: OrderSagaSettings
) -> Sequence[Intake]:
    """Return an intake for each topic on which a participant replies."""

    def handle(connection: Connection, messages: Sequence[Envelope]) -> BatchResult:
        return react(definitions, SqlSagas(connection, definitions.by_version), messages)

    dead_letters = DeadLetters(ACCESS.group, settings)
    return [
        Intake(
            topic=topic,
            handler=handle,
            inbox_table=messaging.inbox,
            database=database,
            outbox=outbox,
            dead_letters=dead_letters,
            deferred_table=deferred,
        )
        for topic in ACCESS.consumes
    ]


def register_agents(app: faust.App, intakes: Sequence[Intake], settings: OrderSagaSettings) -> None:
    """Register an agent for each intake, which handles every record of its topic."""
    for intake in intakes:
        consume(app, intake.topic, intake.receive, settings)


async def handle_deferred(
    definitions: Definitions, intakes: Sequence[Intake], settings: OrderSagaSettings
) -> None:
    """Handle messages that older replicas deferred; look for them every `deferred_poll_seconds`."""
    limit = settings.intake_batch_size
    while True:
        counts = [
            await intake.receive_deferred(definitions.by_version, limit) for intake in intakes
        ]
        if not any(counts):
            await asyncio.sleep(settings.deferred_poll_seconds)
