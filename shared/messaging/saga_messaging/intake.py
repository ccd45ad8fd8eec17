"""The loss-free intake: a batch of records in, one transaction, and only then the ack."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from saga_schemas import Envelope
from saga_schemas.topics import Topic
from sqlalchemy import Connection, Table

from saga_messaging import deferred, inbox
from saga_messaging.database import Database
from saga_messaging.dead_letters import DeadLetters
from saga_messaging.effects import store_effects
from saga_messaging.outbox import Outbox
from saga_messaging.outcomes import BatchResult, Deferred, Outcomes, Refused
from saga_messaging.records import Outgoing, Record

Handler: TypeAlias = Callable[[Connection, Sequence[Envelope]], BatchResult]
"""Decides a batch inside its transaction. Called again from the start when a try fails."""


Sifted: TypeAlias = tuple[Sequence[tuple[Record, Envelope]], Sequence[Outgoing]]
"""Messages with their records, and dead letters of the records that are none."""


@dataclass(frozen=True, slots=True)
class _Done:
    outgoing: list[Outgoing]
    deferred: int
    after_commit: Callable[[], None]


class Intake:
    """Gives each message of a topic its effect exactly once.

    When `receive` returns, every record's effect is committed: in the inbox with its new state
    and its outgoing messages, or as a dead letter. A record that comes again changes nothing.
    While PostgreSQL is away `receive` waits.
    """

    def __init__(  # noqa: PLR0913 - the one place where the parts of the pattern meet
        self,
        *,
        topic: Topic,
        handler: Handler,
        inbox_table: Table,
        database: Database,
        outbox: Outbox,
        dead_letters: DeadLetters,
        deferred_table: Table | None = None,
    ) -> None:
        self.topic = topic
        self._handler = handler
        self._inbox = inbox_table
        self._database = database
        self._outbox = outbox
        self._dead_letters = dead_letters
        self._deferred = deferred_table

    async def receive(self, records: Sequence[Record]) -> None:
        """Handle a batch; see the class for the guarantee.

        Raises:
            TooManyDeadLetters: Nothing was committed; nothing may be acked.
            Exception: A bug in the handler; likewise.
        """
        sifted = self._dead_letters.sift(self.topic, records)
        done = await self._database.transaction(lambda connection: self._handle(connection, sifted))
        self._outbox.offer(done.outgoing)
        done.after_commit()

    async def receive_deferred(self, versions: Collection[int], limit: int) -> int:
        """Handle at most `limit` messages that older processes have left to these versions.

        Returns:
            How many had their effect, each exactly once as in `receive`; not those that were
            deferred again.

        Raises:
            TooManyDeadLetters, Exception: See `receive`; the messages stay where they are.
        """

        def handle(connection: Connection) -> tuple[int, _Done]:
            assert self._deferred is not None  # noqa: S101 - a service that defers has the table
            records = deferred.take(connection, self._deferred, self.topic, versions, limit)
            sifted = self._dead_letters.sift(self.topic, records)
            done = self._handle(connection, sifted)
            return len(records) - done.deferred, done

        count, done = await self._database.transaction(handle)
        self._outbox.offer(done.outgoing)
        done.after_commit()
        return count

    def _handle(self, connection: Connection, sifted: Sifted) -> _Done:
        messages, letters = sifted
        by_id = {message.message_id: record for record, message in messages}
        incoming = [message for _, message in messages]
        fresh = inbox.fresh(connection, self._inbox, incoming)
        result = self._handler(connection, fresh) if fresh else BatchResult({})
        stored = store_effects(connection, self._inbox, self._outbox, fresh, result.outcomes)
        waiting = self._defer(connection, fresh, by_id, result.outcomes)
        lost = [*letters, *self._refused(result.outcomes, by_id)]
        outgoing = [*stored, *self._outbox.store(connection, lost)]
        return _Done(outgoing, waiting, result.after_commit)

    def _defer(
        self,
        connection: Connection,
        fresh: Sequence[Envelope],
        by_id: Mapping[UUID, Record],
        outcomes: Outcomes,
    ) -> int:
        found = {
            message.message_id: (by_id[message.message_id], message.correlation_id, outcome)
            for message in fresh
            if isinstance(outcome := outcomes[message.message_id], Deferred)
        }
        if found:
            assert self._deferred is not None  # noqa: S101 - a service that defers has the table
            deferred.store(connection, self._deferred, self.topic, found)
        return len(found)

    def _refused(self, outcomes: Outcomes, by_id: Mapping[UUID, Record]) -> list[Outgoing]:
        letters = [
            self._dead_letters.make(self.topic, by_id[message_id], outcome.reason)
            for message_id, outcome in outcomes.items()
            if isinstance(outcome, Refused)
        ]
        self._dead_letters.count(letters)
        return letters
