"""What may be asked of an order that is placed: each in one transaction with what it leads to."""

from saga_messaging.database import Database
from saga_messaging.effects import store_effects
from saga_messaging.outbox import Outbox
from saga_messaging.records import Outgoing
from saga_schemas import Envelope
from sqlalchemy import Connection

from order_saga.definitions import Definitions
from order_saga.handlers import Taken, take
from order_saga.orm import messaging
from order_saga.repository import SqlSagas
from order_saga.settings import OrderSagaSettings


class OrderActions:
    """Takes requests. When `take` returns, its effect is committed and in the order's history."""

    def __init__(
        self,
        definitions: Definitions,
        database: Database,
        outbox: Outbox,
        settings: OrderSagaSettings,
    ) -> None:
        self._definitions = definitions
        self._database = database
        self._outbox = outbox
        self._give_up_after = settings.place_order_timeout_seconds

    async def take(self, request: Envelope) -> Taken:
        """What the request did, also where it was refused.

        Raises:
            OrderUnknown: There is no such order.
            IdempotencyKeyReused: The id was used for something else.
            DatabaseUnavailable: Not in time; the same id may be used again.
        """
        taken, outgoing = await self._database.transaction(
            lambda connection: self._take(connection, request),
            give_up_after_seconds=self._give_up_after,
        )
        self._outbox.offer(outgoing)
        return taken

    def _take(self, connection: Connection, request: Envelope) -> tuple[Taken, list[Outgoing]]:
        taken = take(self._definitions, SqlSagas(connection), request)
        messages = [] if taken.repeated else [request]
        outcomes = taken.result.outcomes
        return taken, store_effects(connection, messaging.inbox, self._outbox, messages, outcomes)
