"""What may be asked of an order that is placed: each in one transaction with what it leads to."""

from saga_schemas import Envelope
from sqlalchemy import Connection

from order_saga.create_order.versions import Definitions
from order_saga.runtime.handlers import RequestResult, request
from order_saga.runtime.repository import SqlSagas
from order_saga.runtime.transactions import Done, Transactions
from order_saga.settings import OrderSagaSettings


class OrderActions:
    """Takes requests. When `take` returns, its effect is committed and in the order's history."""

    def __init__(
        self, definitions: Definitions, transactions: Transactions, settings: OrderSagaSettings
    ) -> None:
        self._definitions = definitions
        self._transactions = transactions
        self._give_up_after = settings.database_give_up_seconds

    async def take(self, message: Envelope) -> RequestResult:
        """What the request did, also where it was refused.

        Raises:
            OrderUnknown: There is no such order.
            IdempotencyKeyReused: The id was used for something else.
            DatabaseUnavailable: Not in time; the same id may be used again.
        """

        def work(connection: Connection) -> Done[RequestResult]:
            sagas = SqlSagas(connection, self._definitions.by_version)
            done = request(self._definitions, sagas, message)
            return Done(done, [done.recorded] if done.recorded else [], done.result)

        return await self._transactions.run(work, give_up_after_seconds=self._give_up_after)
