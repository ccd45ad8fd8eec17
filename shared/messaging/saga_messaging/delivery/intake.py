"""The loss-free intake: a batch of records in, one transaction, and only then the ack."""

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
"""Decides a batch inside its transaction. Called again from the start when a try fails."""


@dataclass(frozen=True, slots=True)
class _Done:
    outgoing: list[Outgoing]
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
    ) -> None:
        self.topic = topic
        self._handler = handler
        self._inbox = inbox_table
        self._database = database
        self._outbox = outbox
        self._dead_letters = dead_letters

    async def receive(self, records: Sequence[Record]) -> None:
        """Handle a batch; see the class for the guarantee.

        Raises:
            TooManyDeadLetters: Nothing was committed; nothing may be acked.
            Exception: A bug in the handler; likewise.
        """
        messages, letters = self._dead_letters.sift(self.topic, records)
        by_id = {message.message_id: record for record, message in messages}
        incoming = [message for _, message in messages]
        done = await self._database.transaction(
            lambda connection: self._handle(connection, incoming, by_id, letters)
        )
        self._outbox.offer(done.outgoing)
        done.after_commit()

    def _handle(
        self,
        connection: Connection,
        incoming: Sequence[Envelope],
        by_id: Mapping[UUID, Record],
        letters: Sequence[Outgoing],
    ) -> _Done:
        fresh = inbox.fresh(connection, self._inbox, incoming)
        result = self._handler(connection, fresh) if fresh else BatchResult({})
        stored = store_effects(connection, self._inbox, self._outbox, fresh, result.outcomes)
        lost = [*letters, *self._refused(result.outcomes, by_id)]
        outgoing = [*stored, *self._outbox.store(connection, lost)]
        return _Done(outgoing, result.after_commit)

    def _refused(self, outcomes: Outcomes, by_id: Mapping[UUID, Record]) -> list[Outgoing]:
        letters = [
            self._dead_letters.make(self.topic, by_id[message_id], outcome.reason)
            for message_id, outcome in outcomes.items()
            if isinstance(outcome, Refused)
        ]
        self._dead_letters.count(letters)
        return letters
