"""How every piece of work on sagas ends: its effects stored with it, then what it sends offered."""

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

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Done(Generic[Answer]):
    """What a piece of work answers; the messages that it took in, and what they led to."""

    answer: Answer
    messages: Sequence[Envelope] = ()
    result: BatchResult = field(default_factory=lambda: BatchResult({}))


class Transactions:
    """Runs pieces of work on the sagas, each in one transaction."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._database = database
        self._outbox = outbox

    async def run(
        self,
        work: Callable[[Connection], Done[Answer]],
        *,
        give_up_after_seconds: float | None = None,
    ) -> Answer:
        """The answer, once all that the work did is committed and on its way to Kafka.

        The work may run several times, as `Database.transaction` says.

        Raises:
            DatabaseUnavailable: Not within `give_up_after_seconds`; never where that is None.
            Exception: Whatever the work raised; nothing was committed.
        """

        def store(connection: Connection) -> tuple[Answer, list[Outgoing]]:
            done = work(connection)
            return done.answer, store_effects(
                connection, messaging.inbox, self._outbox, done.messages, done.result.outcomes
            )

        answer, outgoing = await self._database.transaction(
            store, give_up_after_seconds=give_up_after_seconds
        )
        self._outbox.offer(outgoing)
        return answer
