"""Timers: each deadline that has passed is handled as a message, once, by one replica."""

import asyncio
import math
import time
from collections.abc import Callable

import structlog
from saga_engine.messages import DeadlinePassed
from sqlalchemy import Connection

from order_saga.create_order.versions import Definitions
from order_saga.runtime.handlers import react
from order_saga.runtime.repository import SqlSagas
from order_saga.runtime.transactions import Transactions, Work
from order_saga.settings import OrderSagaSettings

logger = structlog.get_logger(__name__)


class Timers:
    """Fires each deadline once, by the time of the database, also after a restart.

    A deadline does not pass during an outage of Kafka or PostgreSQL, and until its whole time-out
    has passed after one, or after a start; such extensions are limited.
    """

    def __init__(
        self,
        definitions: Definitions,
        transactions: Transactions,
        settings: OrderSagaSettings,
        available_seconds: Callable[[], float] = lambda: math.inf,
    ) -> None:
        self._definitions = definitions
        self._transactions = transactions
        self._settings = settings
        self._available_seconds = available_seconds
        self._again_at: dict[str, float] = {}

    async def run(self) -> None:
        """Fire due deadlines until canceled, after a grace period for replies already in Kafka."""
        await asyncio.sleep(self._settings.timer_grace_seconds)
        while True:
            fired = await self.fire_due()
            if fired < self._settings.timer_batch_size:
                await asyncio.sleep(self._settings.timer_poll_seconds)

    async def fire_due(self) -> int:
        """Fire one batch of due deadlines; return their number.

        A deadline whose effect cannot be stored is logged, and fires again after
        `timer_retry_seconds`. It does not delay the others.

        Raises:
            Exception: The deadlines of more than `timer_batch_size` orders fail, or none can be
                looked up. This is a bug.
        """
        self._end_pauses()
        return await self._fire(self._settings.timer_batch_size)

    async def _fire(self, limit: int) -> int:
        due: list[DeadlinePassed] = []
        try:
            return await self._transactions.run(
                lambda connection: self._work(connection, limit, due)
            )
        except Exception as error:
            if not due:
                raise
            if len(due) == 1:
                self._postpone(due[0], error)
                return 0
        return sum([await self._fire(1) for _ in range(len(due))])

    def _work(self, connection: Connection, limit: int, due: list[DeadlinePassed]) -> Work[int]:
        """Fire at most `limit` deadlines; `due` is set to them, whenever this runs."""
        sagas = SqlSagas(connection, self._definitions.by_version)
        due[:] = sagas.due(limit, self._available_seconds(), list(self._again_at))
        if not due:
            return Work(0)
        logger.warning("deadlines_passed", orders=[message.correlation_id for message in due])
        return Work(len(due), list(due), react(self._definitions, sagas, due))

    def _postpone(self, deadline: DeadlinePassed, error: Exception) -> None:
        logger.error(
            "deadline_failed",
            correlation_id=deadline.correlation_id,
            state=deadline.payload.state,
            exc_info=error,
        )
        again_at = time.monotonic() + self._settings.timer_retry_seconds
        self._again_at[deadline.correlation_id] = again_at
        if len(self._again_at) > self._settings.timer_batch_size:
            raise error

    def _end_pauses(self) -> None:
        now = time.monotonic()
        self._again_at = {order: at for order, at in self._again_at.items() if at > now}
