"""The way in of time: a deadline that has passed becomes a message, on the replica that sees it."""

import asyncio

import structlog
from sqlalchemy import Connection

from order_saga.create_order.versions import Definitions
from order_saga.runtime.handlers import react
from order_saga.runtime.repository import SqlSagas
from order_saga.runtime.transactions import Done, Transactions
from order_saga.settings import OrderSagaSettings

logger = structlog.get_logger(__name__)


class Timers:
    """Fires each deadline once, in database time, also after every process was restarted."""

    def __init__(
        self, definitions: Definitions, transactions: Transactions, settings: OrderSagaSettings
    ) -> None:
        self._definitions = definitions
        self._transactions = transactions
        self._settings = settings

    async def run(self) -> None:
        """Fire what is due, for ever; first let the replies be heard that came meanwhile."""
        await asyncio.sleep(self._settings.timer_grace_seconds)
        while True:
            fired = await self.fire_due()
            if fired < self._settings.timer_batch_size:
                await asyncio.sleep(self._settings.timer_poll_seconds)

    async def fire_due(self) -> int:
        """Fire one batch of due deadlines. Returns how many there were."""
        return await self._transactions.run(self._fire)

    def _fire(self, connection: Connection) -> Done[int]:
        sagas = SqlSagas(connection, self._definitions.by_version)
        due = sagas.due(self._settings.timer_batch_size)
        if not due:
            return Done(0)
        logger.warning("deadlines_passed", orders=[message.correlation_id for message in due])
        return Done(len(due), due, react(self._definitions, sagas, due))
