"""Intake of messages: a batch of records, one transaction, then the acknowledgement."""

from collections.abc import Callable, Collection, Sequence

import structlog
from saga_schemas.topics import Topic
from sqlalchemy import Connection, Table
from sqlalchemy.exc import DBAPIError

from saga_messaging.delivery import counts, deferred
from saga_messaging.delivery.availability import Availability
from saga_messaging.delivery.batch import BatchTransaction, Done, Handler
from saga_messaging.delivery.dead_letters import DeadLetters
from saga_messaging.delivery.effects import facts_of
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.kafka.records import Outgoing, Record
from saga_messaging.postgres.database import Database
from saga_messaging.postgres.failures import is_data_error, reason

logger = structlog.get_logger(__name__)


class Intake:
    """Applies the effect of each message of a topic exactly once.

    When `receive` returns, every record is committed: as an inbox row together with the new state
    and the outgoing messages, or as a dead letter; a message that concerns nothing of this service
    is counted only. A redelivered record changes nothing. A message is a dead letter if it has the
    id of another one of its topic, or if PostgreSQL refuses to store its effect. While PostgreSQL
    is unavailable, `receive` waits.
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
        self._database = database
        self._outbox = outbox
        self._dead_letters = dead_letters
        self._deferred = deferred_table
        self._availability = availability
        self._batch = BatchTransaction(
            topic, handler, inbox_table, outbox, dead_letters, deferred_table
        )

    async def receive(self, records: Sequence[Record]) -> None:
        """Handle a batch with the guarantee of the class.

        Raises:
            TooManyDeadLetters: Some records must be left. Pass the others again; those that were
                committed change nothing.
            Exception: The handler has a bug. Acknowledge nothing.
        """
        try:
            await self._receive(records)
        except DBAPIError as error:
            if not is_data_error(error):
                raise
            if len(records) == 1:
                await self._refuse(records[0], error, lambda _: True)
                return
            middle = len(records) // 2
            await self.receive(records[:middle])
            await self.receive(records[middle:])

    async def _receive(self, records: Sequence[Record]) -> None:
        decoded = self._dead_letters.decode(self.topic, records)
        if self._availability:
            self._availability.set_ages(decoded[0])
        done = await self._database.transaction(
            lambda connection: self._batch.handle(connection, decoded)
        )
        self._after_commit(done)

    async def receive_deferred(self, versions: Collection[int], limit: int) -> int:
        """Handle at most `limit` messages that older processes have left to these versions.

        Returns:
            How many had their effect, each exactly once as in `receive`, or became dead letters;
            not those that were deferred again.

        Raises:
            TooManyDeadLetters: A message cannot be stored, and the limit is reached; it stays
                deferred.
            Exception: The handler has a bug; the messages stay deferred.
        """
        table, taken = self._deferred, dict[int, Record]()
        assert table is not None  # noqa: S101 - a service that defers has the table

        def handle(connection: Connection) -> tuple[int, Done]:
            nonlocal taken
            taken = deferred.take(connection, table, self.topic, versions, limit)
            decoded = self._dead_letters.decode(self.topic, [*taken.values()], limited=False)
            done = self._batch.handle(connection, decoded)
            return len(taken) - done.deferred, done

        try:
            count, done = await self._database.transaction(handle)
        except DBAPIError as error:
            if not is_data_error(error) or not taken:
                raise
            if len(taken) > 1:
                return await self.receive_deferred(versions, len(taken) // 2)
            ((row_id, record),) = taken.items()
            return await self._refuse(
                record, error, lambda each: deferred.remove(each, table, row_id)
            )
        self._after_commit(done)
        return count

    async def _refuse(
        self, record: Record, error: DBAPIError, take: Callable[[Connection], bool]
    ) -> int:
        """Store a dead letter of a record whose effect PostgreSQL refuses to store.

        Args:
            record: The record.
            error: PostgreSQL's.
            take: Takes a deferred record from its table; nothing is stored if it is gone.
        """
        refusal = f"its effect cannot be stored: {reason(error)}"
        self._dead_letters.admit(self.topic, record, refusal)
        letter = self._dead_letters.make(self.topic, record, refusal)

        def store(connection: Connection) -> list[Outgoing]:
            return self._outbox.store(connection, [letter]) if take(connection) else []

        stored = await self._database.transaction(store)
        self._outbox.offer(stored)
        counts.count(self.topic.name, {"refused": len(stored)})
        return len(stored)

    def _after_commit(self, done: Done) -> None:
        self._outbox.offer(done.outgoing)
        done.after_commit()
        counts.count(self.topic.name, done.counts)
        for record, message in done.duplicates:
            logger.info("duplicate_skipped", **facts_of(message), record=record.position)
