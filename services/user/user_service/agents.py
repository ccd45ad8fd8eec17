"""The Kafka edge: `user_commands` in, `user_events` out."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import faust
from saga_messaging.delivery.dead_letters import DeadLetters
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.delivery.responder import Responder
from saga_messaging.kafka.consumer import consume
from saga_messaging.kafka.publisher import Publisher
from saga_messaging.postgres.database import Database
from saga_messaging.settings import MessagingSettings
from saga_schemas import Envelope
from sqlalchemy import Connection

from user_service.handlers import reply_to_payment_info_requests
from user_service.kafka_access import ACCESS
from user_service.repository import SqlUsers


def register_agents(
    app: faust.App,
    database: Database,
    publisher: Publisher,
    outbox: Outbox,
    settings: MessagingSettings,
) -> None:
    """Reply to every request for payment info; wait while PostgreSQL or Kafka is unavailable."""
    [topic] = ACCESS.consumes
    responder = Responder(
        topic=topic,
        handler=_reply,
        database=database,
        publisher=publisher,
        outbox=outbox,
        dead_letters=DeadLetters(ACCESS.group, settings),
    )
    consume(app, topic, responder.receive, settings)


def _reply(connection: Connection, requests: Sequence[Any]) -> Mapping[UUID, Envelope]:
    return reply_to_payment_info_requests(SqlUsers(connection), requests)
