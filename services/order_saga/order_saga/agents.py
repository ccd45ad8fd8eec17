"""The way in over Kafka: the replies of the participants."""

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

from order_saga.access import ACCESS
from order_saga.definitions import Definitions
from order_saga.handlers import react
from order_saga.orm import messaging
from order_saga.repository import SqlSagas
from order_saga.settings import OrderSagaSettings


def register_agents(
    app: faust.App,
    definitions: Definitions,
    database: Database,
    outbox: Outbox,
    settings: OrderSagaSettings,
) -> None:
    """Let every reply of the user and the payment service reach its saga."""

    def handle(connection: Connection, messages: Sequence[Envelope]) -> BatchResult:
        return react(definitions, SqlSagas(connection), messages)

    dead_letters = DeadLetters(ACCESS.group, settings)
    for topic in ACCESS.consumes:
        intake = Intake(
            topic=topic,
            handler=handle,
            inbox_table=messaging.inbox,
            database=database,
            outbox=outbox,
            dead_letters=dead_letters,
        )
        consume(app, topic, intake.receive, settings)
