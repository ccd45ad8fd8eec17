"""The Kafka edge: `user_commands` in, `user_events` out."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import faust
from saga_messaging.delivery.availability import Availability
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


def payment_info_responder(
    database: Database,
    publisher: Publisher,
    outbox: Outbox,
    availability: Availability,
    settings: MessagingSettings,
) -> Responder:
    """Return what replies to every request for payment info.

    It waits while PostgreSQL or Kafka is unavailable.
    """
    [topic] = ACCESS.consumes
    return Responder(
        topic=topic,
        handler=_reply,
        database=database,
        publisher=publisher,
        outbox=outbox,
        dead_letters=DeadLetters(ACCESS.group, settings),
        availability=availability,
    )


def register_agent(app: faust.App, responder: Responder, settings: MessagingSettings) -> None:
    """Pass the records of its topic to the responder."""
    consume(app, responder.topic, responder.receive, settings)


def _reply(connection: Connection, requests: Sequence[Any]) -> Mapping[UUID, Envelope]:
    return reply_to_payment_info_requests(SqlUsers(connection), requests)
