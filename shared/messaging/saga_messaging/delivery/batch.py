"""What a batch of records changes, in its transaction."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from saga_schemas import Envelope
from saga_schemas.topics import Topic
from sqlalchemy import Connection, Table

from saga_messaging.delivery import deferred, inbox
from saga_messaging.delivery.dead_letters import DeadLetters
from saga_messaging.delivery.effects import store_effects
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.delivery.outcomes import BatchResult, Deferred, Outcomes, Refused
from saga_messaging.kafka.records import Outgoing, Record

Handler: TypeAlias = Callable[[Connection, Sequence[Envelope]], BatchResult]
"""Decides the outcome of a batch inside its transaction, which may run more than once."""


Decoded: TypeAlias = tuple[Sequence[tuple[Record, Envelope]], Sequence[Outgoing]]
"""Messages with their records, and dead letters for the records that cannot be decoded."""


@dataclass(frozen=True, slots=True)
class Done:
    """What was stored, and what is left to do after the commit."""

    outgoing: list[Outgoing]
    deferred: int
    duplicates: Sequence[tuple[Record, Envelope]]
    counts: Mapping[str, int]
    after_commit: Callable[[], None]


@dataclass(frozen=True, slots=True)
class BatchTransaction:
    """Stores inbox rows, effects, replies, deferred messages and dead letters of a batch."""

    topic: Topic
    handler: Handler
    inbox_table: Table
    outbox: Outbox
    dead_letters: DeadLetters
    deferred_table: Table | None

    def handle(self, connection: Connection, decoded: Decoded) -> Done:
        """Call the handler with the new messages, and store what it decides."""
        records, unreadable = decoded
        found = inbox.sort_out(connection, self.inbox_table, self.topic, records)
        messages = [message for _, message in found.new]
        by_id = {message.message_id: record for record, message in found.new}
        result = self.handler(connection, messages) if messages else BatchResult({})
        stored = store_effects(
            connection,
            self.inbox_table,
            self.outbox,
            messages,
            result.outcomes,
            entries=found.entries,
        )
        waiting = self._defer(connection, messages, by_id, result.outcomes)
        refused = self._refused(result.outcomes, by_id)
        failed = [*unreadable, *self._conflicting(found.conflicts), *refused]
        outgoing = [*stored, *self.outbox.store(connection, failed)]
        numbers = Counter(type(result.outcomes[id_]).__name__.lower() for id_ in by_id)
        numbers["duplicate"] = len(found.duplicates)
        numbers["conflict"] = len(found.conflicts)
        numbers["unreadable"] = len(unreadable)
        return Done(outgoing, waiting, found.duplicates, numbers, result.after_commit)

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
            assert self.deferred_table is not None  # noqa: S101 - a service that defers has the table
            deferred.store(connection, self.deferred_table, self.topic, found)
        return len(found)

    def _refused(self, outcomes: Outcomes, by_id: Mapping[UUID, Record]) -> list[Outgoing]:
        return [
            self.dead_letters.make(self.topic, by_id[message_id], outcome.reason)
            for message_id, outcome in outcomes.items()
            if isinstance(outcome, Refused)
        ]

    def _conflicting(self, conflicts: Sequence[tuple[Record, Envelope]]) -> list[Outgoing]:
        return [
            self.dead_letters.make(
                self.topic,
                record,
                f"message_id: {message.message_id} was used before by another message of "
                f"{self.topic.name}, which had its effect; send this one with an id of its own",
            )
            for record, message in conflicts
        ]
