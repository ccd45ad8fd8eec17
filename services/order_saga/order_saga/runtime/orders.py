"""Orders placed and requested over HTTP; orders placed at the same time share one transaction."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import structlog
from saga_messaging.errors import DatabaseUnavailable
from saga_messaging.postgres.batcher import Batcher
from saga_schemas import Envelope
from sqlalchemy import Connection

from order_saga.create_order.state import OrderSaga
from order_saga.create_order.versions import Definitions
from order_saga.errors import NewOrdersPaused, RequestRefused, TooManyOrders
from order_saga.runtime import handlers
from order_saga.runtime.admission import Admission
from order_saga.runtime.handlers import PlacementAnswer, RequestResult
from order_saga.runtime.pause import current_pause
from order_saga.runtime.ports import Placement
from order_saga.runtime.repository import SqlSagas
from order_saga.runtime.requests import record_refusal
from order_saga.runtime.transactions import Transactions, Work
from order_saga.settings import OrderSagaSettings

Refusal: TypeAlias = NewOrdersPaused | TooManyOrders
Answer: TypeAlias = PlacementAnswer | DatabaseUnavailable | Refusal

TIMED_OUT: Final = "the order was not stored in time"

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Caller:
    """A placement, and the event loop's time after which its order is no longer placed."""

    placement: Placement
    until: float


class Orders:
    """Places orders and handles requests to them.

    When a method returns, its effect is committed, and its messages will be sent.
    """

    def __init__(
        self,
        definitions: Definitions,
        transactions: Transactions,
        settings: OrderSagaSettings,
        admission: Admission | None = None,
    ) -> None:
        self._definitions = definitions
        self._transactions = transactions
        self._admission = admission
        self._give_up_after = settings.database_give_up_seconds
        self._retry_after = settings.pause_retry_after_seconds
        self._refusals_limit = settings.refused_requests_limit
        self._batcher = Batcher(self._place, settings.intake_batch_size)

    async def place(self, placement: Placement) -> OrderSaga:
        """Return the new saga, or the one that the idempotency key was first used for.

        Raises:
            IdempotencyKeyReused: The key was used for another order.
            DefinitionUnknown: A newer replica placed the order of this idempotency key.
            NewOrdersPaused: An operator paused new orders, and this one would be new.
            TooManyOrders: The order would be new, and could not make its deadlines.
            DatabaseUnavailable: The order was not stored within `database_give_up_seconds`, or
                it is unknown whether it was; the caller can retry with the same key.
        """
        until = asyncio.get_running_loop().time() + self._give_up_after
        try:
            async with asyncio.timeout_at(until):
                answer = await self._batcher.submit(_Caller(placement, until))
        except TimeoutError:
            raise DatabaseUnavailable(TIMED_OUT) from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def request(self, message: Envelope) -> RequestResult:
        """Move an order as requested, and record the request in the order's history.

        Raises:
            OrderNotFound: There is no such order.
            RequestRefused: The order's state does not accept it; the history records that.
            IdempotencyKeyReused: The message's id was used for another request.
            DefinitionUnknown: This code does not have the version, or the state, of the order.
            DatabaseUnavailable: The database did not respond in time; the caller can retry with
                the same id.
        """

        def work(connection: Connection) -> Work[RequestResult]:
            result = handlers.request(self._definitions, self._sagas(connection), message)
            if result.refused:
                record_refusal(connection, message, result.effect, self._refusals_limit)
            return Work(result, [result.recorded] if result.recorded else [], result.batch)

        result = await self._transactions.run(work, give_up_after_seconds=self._give_up_after)
        if result.refused:
            logger.info(
                "request_refused",
                type=message.type,
                correlation_id=message.correlation_id,
                reason=result.effect,
            )
            raise RequestRefused(result.effect)
        return result

    async def _place(self, callers: Sequence[_Caller]) -> Sequence[Answer]:
        """Place the orders in one transaction; leave out those of callers that have timed out."""
        now = asyncio.get_running_loop().time()
        waiting = [caller for caller in callers if caller.until > now]
        if not waiting:
            raise DatabaseUnavailable(TIMED_OUT)
        placements = [caller.placement for caller in waiting]
        answers = await self._transactions.run(
            self._storing(placements),
            give_up_after_seconds=max(caller.until for caller in waiting) - now,
        )
        if self._admission:
            stored = [answer for answer in answers if isinstance(answer, OrderSaga)]
            self._admission.accepted(len(stored))
        by_id = {each.message_id: answer for each, answer in zip(placements, answers, strict=True)}
        late = DatabaseUnavailable(TIMED_OUT)
        return [by_id.get(caller.placement.message_id, late) for caller in callers]

    def _storing(
        self, placements: Sequence[Placement]
    ) -> Callable[[Connection], Work[Sequence[Answer]]]:
        """Return the work that stores or refuses placements; it may run several times.

        Once a run has accepted them, later runs do too: its commit may have succeeded, or may be in
        progress, although its response was lost.
        """
        accepted = False

        def store(connection: Connection) -> Work[Sequence[Answer]]:
            nonlocal accepted
            if not accepted and (refusal := self._refusal(connection)):
                return Work(self._refuse_new(connection, placements, refusal))
            accepted = True
            placed = handlers.place(self._definitions, self._sagas(connection), placements)
            messages = [placement.message for placement in placed.new]
            return Work(placed.answers, messages, placed.batch)

        return store

    def _refusal(self, connection: Connection) -> Refusal | None:
        if pause := current_pause(connection):
            return NewOrdersPaused(pause.by, pause.note, pause.since, self._retry_after)
        return self._admission.refusal() if self._admission else None

    def _refuse_new(
        self, connection: Connection, placements: Sequence[Placement], refusal: Refusal
    ) -> Sequence[Answer]:
        """Answer repeated placements as before, and refuse new ones; store nothing."""
        sagas = self._sagas(connection)
        keys = {each.idempotency_key for each in placements if each.idempotency_key}
        known = sagas.placed(keys) if keys else {}
        repeated = [each for each in placements if each.idempotency_key in known]
        answers = handlers.place(self._definitions, sagas, repeated).answers if repeated else ()
        by_id = {each.message_id: answer for each, answer in zip(repeated, answers, strict=True)}
        return [by_id.get(each.message_id, refusal) for each in placements]

    def _sagas(self, connection: Connection) -> SqlSagas:
        return SqlSagas(connection, self._definitions.by_version)
