"""The way in over HTTP: orders that are posted at the same time share one transaction."""

from collections.abc import Sequence

from saga_messaging.batcher import Batcher
from saga_messaging.database import Database
from saga_messaging.effects import store_effects
from saga_messaging.outbox import Outbox
from saga_messaging.records import Outgoing
from sqlalchemy import Connection

from order_saga.domain import OrderSaga
from order_saga.errors import IdempotencyKeyReused
from order_saga.handlers import place
from order_saga.orm import messaging
from order_saga.ports import Placement
from order_saga.repository import SqlSagas
from order_saga.saga import Definition
from order_saga.settings import OrderSagaSettings

Answers = Sequence[OrderSaga | IdempotencyKeyReused]


class OrderDesk:
    """Takes orders. When `place` returns, the saga and its first command are committed."""

    def __init__(
        self,
        definition: Definition,
        database: Database,
        outbox: Outbox,
        settings: OrderSagaSettings,
    ) -> None:
        self._definition = definition
        self._database = database
        self._outbox = outbox
        self._give_up_after = settings.place_order_timeout_seconds
        self._batcher = Batcher(self._place_all, settings.intake_batch_size)

    async def place(self, placement: Placement) -> OrderSaga:
        """The new saga, or the one that this idempotency key made before.

        Raises:
            IdempotencyKeyReused: The key was used with another order.
            DatabaseUnavailable: Nothing was stored, or it is not known; the same key may be
                used again.
        """
        answer = await self._batcher.submit(placement)
        if isinstance(answer, IdempotencyKeyReused):
            raise answer
        return answer

    async def _place_all(self, placements: Sequence[Placement]) -> Answers:
        answers, outgoing = await self._database.transaction(
            lambda connection: self._store(connection, placements),
            give_up_after_seconds=self._give_up_after,
        )
        self._outbox.offer(outgoing)
        return answers

    def _store(
        self, connection: Connection, placements: Sequence[Placement]
    ) -> tuple[Answers, list[Outgoing]]:
        placed = place(self._definition, SqlSagas(connection), placements)
        messages = [placement.message for placement in placed.new]
        outgoing = store_effects(
            connection, messaging.inbox, self._outbox, messages, placed.result.outcomes
        )
        return placed.answers, outgoing
