"""The way in over HTTP: orders that are posted at the same time share one transaction."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from saga_messaging.errors import DatabaseUnavailable
from saga_messaging.postgres.batcher import Batcher
from sqlalchemy import Connection

from order_saga.create_order.state import OrderSaga
from order_saga.create_order.versions import Definitions
from order_saga.errors import NewOrdersPaused
from order_saga.runtime.handlers import PlacementAnswer, place
from order_saga.runtime.pause import Pause, current_pause
from order_saga.runtime.ports import Placement
from order_saga.runtime.repository import SqlSagas
from order_saga.runtime.transactions import Done, Transactions
from order_saga.settings import OrderSagaSettings

Answer: TypeAlias = PlacementAnswer | DatabaseUnavailable | NewOrdersPaused

TOO_LATE: Final = "the order was not stored in time"


@dataclass(frozen=True, slots=True)
class _Caller:
    """Waits until a time of the event loop; an order whose batch begins later is not placed."""

    placement: Placement
    until: float


class OrderDesk:
    """Takes orders. When `place` returns, the saga and its first command are committed."""

    def __init__(
        self, definitions: Definitions, transactions: Transactions, settings: OrderSagaSettings
    ) -> None:
        self._definitions = definitions
        self._transactions = transactions
        self._give_up_after = settings.database_give_up_seconds
        self._batcher = Batcher(self._place_all, settings.intake_batch_size)

    async def place(self, placement: Placement) -> OrderSaga:
        """The new saga, or the one that this idempotency key made before.

        Raises:
            IdempotencyKeyReused: The key was used with another order.
            DefinitionUnknown: A newer replica placed the order of this idempotency key.
            NewOrdersPaused: An operator has stopped new orders; this one would be new.
            DatabaseUnavailable: Not within `database_give_up_seconds`. Nothing was stored, or
                it is not known; the same key may be used again.
        """
        until = asyncio.get_running_loop().time() + self._give_up_after
        try:
            async with asyncio.timeout_at(until):
                answer = await self._batcher.submit(_Caller(placement, until))
        except TimeoutError:
            raise DatabaseUnavailable(TOO_LATE) from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _place_all(self, callers: Sequence[_Caller]) -> Sequence[Answer]:
        now = asyncio.get_running_loop().time()
        here = [caller for caller in callers if caller.until > now]
        if not here:
            raise DatabaseUnavailable(TOO_LATE)
        answers = await self._transactions.run(
            lambda connection: self._store(connection, [caller.placement for caller in here]),
            give_up_after_seconds=max(caller.until for caller in here) - now,
        )
        answer_of = dict(zip(map(id, here), answers, strict=True))
        return [answer_of.get(id(caller), DatabaseUnavailable(TOO_LATE)) for caller in callers]

    def _sagas(self, connection: Connection) -> SqlSagas:
        return SqlSagas(connection, self._definitions.by_version)

    def _store(
        self, connection: Connection, placements: Sequence[Placement]
    ) -> Done[Sequence[Answer]]:
        if paused := current_pause(connection):
            return Done(self._while_paused(connection, placements, paused))
        placed = place(self._definitions, self._sagas(connection), placements)
        messages = [placement.message for placement in placed.new]
        return Done(placed.answers, messages, placed.result)

    def _while_paused(
        self, connection: Connection, placements: Sequence[Placement], paused: Pause
    ) -> Sequence[Answer]:
        """Only what was placed before is answered again; nothing is stored."""
        sagas = self._sagas(connection)
        keys = {each.idempotency_key for each in placements if each.idempotency_key}
        known = sagas.placed(keys) if keys else {}
        old = [each for each in placements if each.idempotency_key in known]
        answers = place(self._definitions, sagas, old).answers if old else ()
        answer_of: dict[int, Answer] = dict(zip(map(id, old), answers, strict=True))
        refused = NewOrdersPaused(paused.by, paused.note, paused.since)
        return [answer_of.get(id(each), refused) for each in placements]
