"""The other half of the pattern: a participant whose answer is a pure read."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias
from uuid import UUID

from saga_schemas import Envelope
from saga_schemas.envelope import derived_message_id
from saga_schemas.topics import Topic
from sqlalchemy import Connection

from saga_messaging.delivery.dead_letters import DeadLetters
from saga_messaging.kafka.publisher import Publisher
from saga_messaging.kafka.records import Outgoing, Record
from saga_messaging.postgres.database import Database

Answer: TypeAlias = Callable[[Connection, Sequence[Envelope]], Mapping[UUID, Envelope]]
"""Reads, and gives one reply for each request's `message_id`; it writes nothing."""


class Responder:
    """Answers every request of a topic at least once, always with the same `message_id`.

    It needs no inbox and no outbox: when `receive` returns, Kafka has acknowledged every reply; a
    request that comes again is answered again, and whoever asked recognizes the duplicate.
    """

    def __init__(
        self,
        *,
        topic: Topic,
        answer: Answer,
        database: Database,
        publisher: Publisher,
        dead_letters: DeadLetters,
    ) -> None:
        self.topic = topic
        self._answer = answer
        self._database = database
        self._publisher = publisher
        self._dead_letters = dead_letters

    async def receive(self, records: Sequence[Record]) -> None:
        """Answer a batch; see the class for the guarantee.

        Raises:
            TooManyDeadLetters: Nothing may be acked.
            Exception: A bug in the answer; likewise.
        """
        messages, letters = self._dead_letters.sift(self.topic, records)
        requests = [message for _, message in messages]
        answers = await self._database.transaction(
            lambda connection: self._answer(connection, requests)
        )
        replies = [_reply_to(request, answers[request.message_id]) for request in requests]
        await self._publisher.publish([*map(Outgoing.of, replies), *letters])


def _reply_to(request: Envelope, answer: Envelope) -> Envelope:
    message_id = derived_message_id("reply", request.message_id)
    return answer.model_copy(update={"message_id": message_id, "causation_id": request.message_id})
