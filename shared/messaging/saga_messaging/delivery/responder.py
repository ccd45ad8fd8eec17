"""Replies to requests that only read, and therefore need no inbox."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias
from uuid import UUID

import structlog
from saga_schemas import Envelope, encode
from saga_schemas.content import content_digest
from saga_schemas.envelope import Command, derived_message_id
from saga_schemas.topics import Topic
from sqlalchemy import Connection

from saga_messaging.delivery import counts
from saga_messaging.delivery.availability import Availability
from saga_messaging.delivery.dead_letters import DeadLetters
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.kafka.publisher import Publisher
from saga_messaging.kafka.records import Outgoing, Record
from saga_messaging.postgres.database import Database

logger = structlog.get_logger(__name__)

ReplyHandler: TypeAlias = Callable[[Connection, Sequence[Envelope]], Mapping[UUID, Envelope]]
"""Returns one reply for each request, by the request's `message_id`; it only reads."""


class Responder:
    """Replies to every request of a topic at least once.

    A request whose time-out has passed gets no reply, as its sender no longer waits for one. When
    `receive` returns, Kafka has acknowledged every reply, or the outbox has stored it: a reply that
    Kafka refuses is parked there, and a dead letter is published from there. A redelivered request
    gets another reply, with the same `message_id` if its content is the same: the requester's
    inbox skips it.
    """

    def __init__(  # noqa: PLR0913 - all components of the pattern meet here
        self,
        *,
        topic: Topic,
        handler: ReplyHandler,
        database: Database,
        publisher: Publisher,
        outbox: Outbox,
        dead_letters: DeadLetters,
        availability: Availability | None = None,
    ) -> None:
        self.topic = topic
        self._handler = handler
        self._database = database
        self._publisher = publisher
        self._outbox = outbox
        self._dead_letters = dead_letters
        self._availability = availability

    async def receive(self, records: Sequence[Record]) -> None:
        """Reply to a batch with the guarantee of the class.

        Raises:
            TooManyDeadLetters: Some records must be left; nothing was published. Pass the others.
            Exception: The handler has a bug; acknowledge nothing.
        """
        decoded, dead_letters = self._dead_letters.decode(self.topic, records)
        if self._availability:
            self._availability.set_ages(decoded)
        requests = [message for _, message in decoded if not _is_late(message)]

        def work(connection: Connection) -> tuple[Mapping[UUID, Envelope], list[Outgoing]]:
            return self._handler(connection, requests), self._outbox.store(connection, dead_letters)

        by_id, stored = await self._database.transaction(work)
        replies = [_reply_to(request, by_id[request.message_id]) for request in requests]
        await self._publish([Outgoing.of(reply) for reply in replies])
        self._outbox.offer(stored)
        counts.count(self.topic.name, {"handled": len(replies), "unreadable": len(dead_letters)})

    async def _publish(self, replies: Sequence[Outgoing]) -> None:
        held = [reply for reply in replies if self._outbox.holds(reply)]
        result = await self._publisher.publish([each for each in replies if each not in held])
        if held or result.refused or result.held:
            await self._outbox.park(result.refused, [*held, *result.held])


def _is_late(request: Envelope) -> bool:
    remaining = request.remaining_seconds if isinstance(request, Command) else None
    if remaining is None or remaining > 0:
        return False
    logger.warning(
        "request_too_late",
        type=request.type,
        correlation_id=request.correlation_id,
        late_seconds=round(-remaining, 1),
    )
    return True


def _reply_to(request: Envelope, reply: Envelope) -> Envelope:
    message_id = derived_message_id("reply", request.message_id, content_digest(encode(reply)))
    return reply.model_copy(update={"message_id": message_id, "causation_id": request.message_id})
