"""Intake of messages: a batch of records, one transaction, then the acknowledgement."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

import structlog
from saga_schemas import Envelope
from saga_schemas.topics import Topic
from sqlalchemy import Connection, Table

from saga_messaging.delivery import counts, deferred, inbox
from saga_messaging.delivery.availability import Availability
from saga_messaging.delivery.dead_letters import DeadLetters
from saga_messaging.delivery.effects import facts_of, store_effects
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.delivery.outcomes import BatchResult, Deferred, Outcomes, Refused
from saga_messaging.kafka.records import Outgoing, Record
from saga_messaging.postgres.database import Database

logger = structlog.get_logger(__name__)

Handler: TypeAlias = Callable[[Connection, Sequence[Envelope]], BatchResult]
"""Decides the outcome of a batch inside its transaction, which may run more than once."""


Decoded: TypeAlias = tuple[Sequence[tuple[Record, Envelope]], Sequence[Outgoing]]
"""Messages with their records, and dead letters for the records that cannot be decoded."""


@dataclass(frozen=True, slots=True)
class _Done:
    outgoing: list[Outgoing]
    deferred: int
    duplicates: Sequence[tuple[Record, Envelope]]
    counts: Mapping[str, int]
    after_commit: Callable[[], None]


class Intake:
    """Applies the effect of each message of a topic exactly once.

    When `receive` returns, every record is committed: as an inbox row together with the new state
    and the outgoing messages, or as a dead letter; a message that concerns nothing of this service
    is counted only. A redelivered record changes nothing. A message with the id of another one of
    its topic is a dead letter. While PostgreSQL is unavailable, `receive` waits.
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
        deferred_table: Table | None = None,
        availability: Availability | None = None,
    ) -> None:
        self.topic = topic
        self._handler = handler
        self._inbox = inbox_table
        self._database = database
        self._outbox = outbox
        self._dead_letters = dead_letters
        self._deferred = deferred_table
        self._availability = availability

    async def receive(self, records: Sequence[Record]) -> None:
        """Handle a batch with the guarantee of the class.

        Raises:
            TooManyDeadLetters: Some records must be left; nothing was committed. Pass the others.
            Exception: The handler has a bug. Nothing was committed; acknowledge nothing.
        """
        decoded = self._dead_letters.decode(self.topic, records)
        if self._availability:
            self._availability.set_ages(decoded[0])
        done = await self._database.transaction(
            lambda connection: self._handle(connection, decoded)
        )
        self._after_commit(done)

    async def receive_deferred(self, versions: Collection[int], limit: int) -> int:
        """Handle at most `limit` messages that older processes have left to these versions.

        Returns:
            How many had their effect, each exactly once as in `receive`; not those that were
            deferred again.

        Raises:
            Exception: The handler has a bug; the messages stay deferred.
        """

        def handle(connection: Connection) -> tuple[int, _Done]:
            assert self._deferred is not None  # noqa: S101 - a service that defers has the table
            records = deferred.take(connection, self._deferred, self.topic, versions, limit)
            decoded = self._dead_letters.decode(self.topic, records, limited=False)
            done = self._handle(connection, decoded)
            return len(records) - done.deferred, done

        count, done = await self._database.transaction(handle)
        self._after_commit(done)
        return count

    def _after_commit(self, done: _Done) -> None:
        self._outbox.offer(done.outgoing)
        done.after_commit()
        counts.count(self.topic.name, done.counts)
        for record, message in done.duplicates:
            logger.info("duplicate_skipped", **facts_of(message), record=record.position)

    def _handle(self, connection: Connection, decoded: Decoded) -> _Done:
        records, unreadable = decoded
        found = inbox.sort_out(connection, self._inbox, self.topic, records)
        messages = [message for _, message in found.new]
        by_id = {message.message_id: record for record, message in found.new}
        result = self._handler(connection, messages) if messages else BatchResult({})
        stored = store_effects(
            connection,
            self._inbox,
            self._outbox,
            messages,
            result.outcomes,
            entries=found.entries,
        )
        waiting = self._defer(connection, messages, by_id, result.outcomes)
        refused = self._refused(result.outcomes, by_id)
        failed = [*unreadable, *self._conflicting(found.conflicts), *refused]
        outgoing = [*stored, *self._outbox.store(connection, failed)]
        numbers = Counter(type(result.outcomes[id_]).__name__.lower() for id_ in by_id)
        numbers["duplicate"] = len(found.duplicates)
        numbers["conflict"] = len(found.conflicts)
        numbers["unreadable"] = len(unreadable)
        return _Done(outgoing, waiting, found.duplicates, numbers, result.after_commit)

    def _defer(
        self,
        connection: Connection,
        messages: Sequence[Envelope],
        by_id: Mapping[UUID, Record],
        outcomes: Outcomes,
    ) -> int:
        found = {
            message.message_id: (by_id[message.message_id], message.correlation_id, outcome)
            for message in messages
            if isinstance(outcome := outcomes[message.message_id], Deferred)
        }
        if found:
            assert self._deferred is not None  # noqa: S101 - a service that defers has the table
            deferred.store(connection, self._deferred, self.topic, found)
        return len(found)

    def _refused(self, outcomes: Outcomes, by_id: Mapping[UUID, Record]) -> list[Outgoing]:
        return [
            self._dead_letters.make(self.topic, by_id[message_id], outcome.reason)
            for message_id, outcome in outcomes.items()
            if isinstance(outcome, Refused)
        ]

    def _conflicting(self, conflicts: Sequence[tuple[Record, Envelope]]) -> list[Outgoing]:
        return [
            self._dead_letters.make(
                self.topic,
                record,
                f"message_id: {message.message_id} was used before by another message of "
                f"{self.topic.name}, which had its effect; send this one with an id of its own",
            )
            for record, message in conflicts
        ]
