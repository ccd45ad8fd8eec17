"""The Kafka edge: `user_commands` in, `user_events` out."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import faust
from saga_messaging.delivery.dead_letters import DeadLetters
from saga_messaging.delivery.responder import Responder
from saga_messaging.kafka.consumer import consume
from saga_messaging.kafka.publisher import Publisher
from saga_messaging.postgres.database import Database
from saga_messaging.settings import MessagingSettings
from saga_schemas import Envelope
from sqlalchemy import Connection

from user_service.access import ACCESS
from user_service.handlers import answer_payment_info_requests
from user_service.repository import PostgresUsers


def register_agents(
    app: faust.App, database: Database, publisher: Publisher, settings: MessagingSettings
) -> None:
    """Answer every request for payment info; while PostgreSQL or Kafka is away, wait."""
    [topic] = ACCESS.consumes
    responder = Responder(
        topic=topic,
        handler=_answer,
        database=database,
        publisher=publisher,
        dead_letters=DeadLetters(ACCESS.group, settings),
    )
    consume(app, topic, responder.receive, settings)


def _answer(connection: Connection, requests: Sequence[Any]) -> Mapping[UUID, Envelope]:
    return answer_payment_info_requests(PostgresUsers(connection), requests)
