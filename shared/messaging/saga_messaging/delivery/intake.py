"""Intake of messages: a batch of records, one transaction, then the acknowledgement."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from saga_schemas import Envelope
from saga_schemas.topics import Topic
from sqlalchemy import Connection, Table

from saga_messaging.delivery import inbox
from saga_messaging.delivery.dead_letters import DeadLetters
from saga_messaging.delivery.effects import store_effects
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.delivery.outcomes import BatchResult, Outcomes, Refused
from saga_messaging.kafka.records import Outgoing, Record
from saga_messaging.postgres.database import Database

Handler: TypeAlias = Callable[[Connection, Sequence[Envelope]], BatchResult]
"""Decides the outcome of a batch inside its transaction, which may run more than once."""


@dataclass(frozen=True, slots=True)
class _Done:
    outgoing: list[Outgoing]
    after_commit: Callable[[], None]


class Intake:
    """Applies the effect of each message of a topic exactly once.

    When `receive` returns, every record is committed: as an inbox row together with the new state
    and the outgoing messages, or as a dead letter. A redelivered record changes nothing. While
    PostgreSQL is unavailable, `receive` waits.
    """

    def __init__(  # noqa: PLR0913 - all components of the pattern meet here
        self,
        *,
        topic: Topic,
        handler: Handler,
        inbox_table: Table,
        database: Database,
        outbox: Outbox,
        dead_letters: DeadLetters,
    ) -> None:
        self.topic = topic
        self._handler = handler
        self._inbox = inbox_table
        self._database = database
        self._outbox = outbox
        self._dead_letters = dead_letters

    async def receive(self, records: Sequence[Record]) -> None:
        """Handle a batch with the guarantee of the class.

        Raises:
            TooManyDeadLetters: Nothing was committed; acknowledge nothing.
            Exception: The handler has a bug. Nothing was committed; acknowledge nothing.
        """
        decoded, dead_letters = self._dead_letters.decode(self.topic, records)
        by_id = {message.message_id: record for record, message in decoded}
        incoming = [message for _, message in decoded]
        done = await self._database.transaction(
            lambda connection: self._handle(connection, incoming, by_id, dead_letters)
        )
        self._outbox.offer(done.outgoing)
        done.after_commit()

    def _handle(
        self,
        connection: Connection,
        incoming: Sequence[Envelope],
        by_id: Mapping[UUID, Record],
        dead_letters: Sequence[Outgoing],
    ) -> _Done:
        messages = inbox.without_duplicates(connection, self._inbox, incoming)
        result = self._handler(connection, messages) if messages else BatchResult({})
        stored = store_effects(connection, self._inbox, self._outbox, messages, result.outcomes)
        failed = [*dead_letters, *self._refused(result.outcomes, by_id)]
        outgoing = [*stored, *self._outbox.store(connection, failed)]
        return _Done(outgoing, result.after_commit)

    def _refused(self, outcomes: Outcomes, by_id: Mapping[UUID, Record]) -> list[Outgoing]:
        dead_letters = [
            self._dead_letters.make(self.topic, by_id[message_id], outcome.reason)
            for message_id, outcome in outcomes.items()
            if isinstance(outcome, Refused)
        ]
        self._dead_letters.count(dead_letters)
        return dead_letters
