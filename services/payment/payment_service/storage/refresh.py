"""Refreshes: scheduling a comparison of payments with Stripe."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import Connection

from payment_service.model.decisions import decide
from payment_service.model.lease import Lease
from payment_service.model.operations import REFRESH
from payment_service.model.payment import Payment
from payment_service.storage import repository


class Refresher:
    """Begins refreshes in the caller's transaction, and hands them to the executor after it.

    A payment with an operation in progress is refreshed once that has ended.
    """

    def __init__(self, offer: Callable[[Sequence[Lease]], None], lease_seconds: float) -> None:
        self._offer = offer
        self._lease_seconds = lease_seconds

    def begin(
        self,
        connection: Connection,
        payments: Mapping[str, Payment],
        saga_ids: Iterable[str],
        cause: UUID | None = None,
    ) -> list[Lease]:
        """Begin refreshes of the locked payments of these sagas.

        Args:
            connection: The caller's transaction.
            payments: The locked payments by saga id.
            saga_ids: The sagas to refresh, all of them in `payments`.
            cause: The `causation_id` of the events that the refreshes publish.

        Returns:
            The leases to `offer` after the commit.
        """
        refresh = replace(REFRESH, command_id=cause)
        decided = [decide(payments[saga_id], refresh).payment for saga_id in sorted(set(saga_ids))]
        changed = [payment for payment in decided if payment != payments[payment.saga_id]]
        repository.store(connection, changed, payments, self._lease_seconds)
        return Lease.of_begun(changed, payments)

    def offer(self, leases: Sequence[Lease]) -> None:
        """Hand the leases to the executor, after the commit."""
        self._offer(leases)
