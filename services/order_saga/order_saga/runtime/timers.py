"""Timers: each deadline that has passed is handled as a message, once, by one replica."""

import asyncio
import math
from collections.abc import Callable

import structlog
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

    async def run(self) -> None:
        """Fire due deadlines until canceled, after a grace period for replies already in Kafka."""
        await asyncio.sleep(self._settings.timer_grace_seconds)
        while True:
            fired = await self.fire_due()
            if fired < self._settings.timer_batch_size:
                await asyncio.sleep(self._settings.timer_poll_seconds)

    async def fire_due(self) -> int:
        """Fire one batch of due deadlines; return their number."""
        return await self._transactions.run(self._fire)

    def _fire(self, connection: Connection) -> Work[int]:
        sagas = SqlSagas(connection, self._definitions.by_version)
        due = sagas.due(self._settings.timer_batch_size, self._available_seconds())
        if not due:
            return Work(0)
        logger.warning("deadlines_passed", orders=[message.correlation_id for message in due])
        return Work(len(due), due, react(self._definitions, sagas, due))
