"""Has payments compared with Stripe: by whoever notices that something may have happened there."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import Connection

from payment_service.model.decisions import decide
from payment_service.model.operations import REFRESH
from payment_service.model.payment import KnownPayment
from payment_service.model.ports import Lease
from payment_service.storage import repository


class Refresher:
    """Begins refreshes in a caller's transaction, and hands them to the executor after it.

    A payment that has something under way is refreshed once that has ended.
    """

    def __init__(self, offer: Callable[[Sequence[Lease]], None], lease_seconds: float) -> None:
        self._offer = offer
        self._lease_seconds = lease_seconds

    def begin(
        self,
        connection: Connection,
        known: Mapping[str, KnownPayment],
        saga_ids: Iterable[str],
        cause: UUID | None = None,
    ) -> list[Lease]:
        """Have these of the locked payments looked at; returns what is to be offered.

        What that has to tell names `cause` as what led to it.
        """
        refresh = replace(REFRESH, command_id=cause)
        asked = [decide(known[saga_id], refresh).known for saga_id in sorted(set(saga_ids))]
        changed = [each for each in asked if each != known[each.saga_id]]
        repository.store(connection, changed, known, self._lease_seconds)
        return Lease.of_begun(changed, known)

    def offer(self, leases: Sequence[Lease]) -> None:
        """Let the executor begin, once the transaction has committed."""
        self._offer(leases)
