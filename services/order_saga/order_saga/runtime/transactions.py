"""Transactions on the sagas: state, inbox and outbox are committed together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from saga_messaging.delivery.effects import store_effects
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.delivery.outcomes import BatchResult
from saga_messaging.kafka.records import Outgoing
from saga_messaging.postgres.database import Database
from saga_schemas import Envelope
from sqlalchemy import Connection

from order_saga.runtime.orm import messaging

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Work(Generic[Result]):
    """The result of a piece of work, the messages that it received, and their outcomes."""

    result: Result
    received: Sequence[Envelope] = ()
    batch: BatchResult = field(default_factory=lambda: BatchResult({}))


class Transactions:
    """Runs pieces of work on the sagas, each in one transaction."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._database = database
        self._outbox = outbox

    async def run(
        self,
        work: Callable[[Connection], Work[Result]],
        *,
        give_up_after_seconds: float | None = None,
    ) -> Result:
        """Return the result once the work and its effects are committed and offered to the relay.

        The work may run several times, as for `Database.transaction`.

        Raises:
            DatabaseUnavailable: `give_up_after_seconds` have passed; never raised if that is None.
            Exception: The error that the work raised; nothing is committed.
        """

        def store(connection: Connection) -> tuple[Result, list[Outgoing]]:
            done = work(connection)
            return done.result, store_effects(
                connection, messaging.inbox, self._outbox, done.received, done.batch.outcomes
            )

        result, outgoing = await self._database.transaction(
            store, give_up_after_seconds=give_up_after_seconds
        )
        self._outbox.offer(outgoing)
        return result
