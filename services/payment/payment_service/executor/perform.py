"""Which use case an operation is."""

from payment_service.executor.authorize import Authorizer
from payment_service.executor.retry import Current, Patience
from payment_service.executor.settle import Settler
from payment_service.model.operations import Kind
from payment_service.model.ports import Gateway, Lease, Result


class Worker:
    """Does leased operations of every kind at Stripe."""

    def __init__(self, gateway: Gateway, patience: Patience) -> None:
        self._authorizer = Authorizer(gateway, patience)
        self._settler = Settler(gateway, patience)

    async def work(self, lease: Lease, current: Current) -> Result:
        """Bring the operation to its end, or one step nearer to it.

        Raises:
            LeaseLost: See `Patience.ask`.
        """
        if lease.operation.kind is Kind.AUTHORIZE:
            return await self._authorizer.authorize(lease, current)
        return await self._settler.settle(lease, current)
