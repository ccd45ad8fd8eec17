"""Leases in PostgreSQL: the operations in progress, their results, and the events of those."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.kafka.records import Outgoing
from saga_messaging.postgres.database import Database
from saga_schemas import Envelope
from saga_schemas.payment_lifecycle import PaymentRefundFailed
from saga_schemas.text import storable
from sqlalchemy import Connection, Update

from payment_service.model.conclusions import conclude
from payment_service.model.lease import Lease, Token, is_cancel_requested
from payment_service.model.payment import Payment
from payment_service.model.ports import Completed, Postponed, Progress
from payment_service.storage import repository, statements
from payment_service.storage.records import lease_of, waiting_of

logger = structlog.get_logger(__name__)


class SqlLeaseStore:
    """`ports.LeaseStore` in PostgreSQL. Any number of executors may share one table.

    While PostgreSQL is unavailable every method waits.
    """

    def __init__(self, database: Database, outbox: Outbox, lease_seconds: float) -> None:
        self._database = database
        self._outbox = outbox
        self._lease = timedelta(seconds=lease_seconds)

    async def take(self, limit: int) -> Sequence[Lease]:
        """Lease up to `limit` operations that are due, the longest overdue first."""
        return await self._database.transaction(lambda connection: self._take(connection, limit))

    async def renew(self, leases: Sequence[Lease]) -> Mapping[Token, bool]:
        """Extend leases by their full duration; one that has been superseded is not renewed."""
        return await self._database.transaction(
            lambda connection: self._extend(connection, statements.RENEW, leases)
        )

    async def start(self, leases: Sequence[Lease]) -> Sequence[bool | None]:
        """Note that a request may be sent for each authorization, in one transaction."""
        started = await self._database.transaction(
            lambda connection: self._extend(connection, statements.START, leases)
        )
        return [started.get(lease.token) for lease in leases]

    async def give_back(self, leases: Sequence[Lease]) -> None:
        """End leases, so that other executors can take them immediately."""
        rows = [_token(lease) for lease in leases]
        await self._database.transaction(
            lambda connection: connection.execute(statements.GIVE_BACK, {"rows": rows})
        )

    async def write(self, progress: Sequence[Progress]) -> Sequence[Lease | bool]:
        """Store progress and events in one transaction, then hand the events to the outbox."""
        written, events = await self._database.transaction(
            lambda connection: self._write(connection, progress)
        )
        self._outbox.offer(events)
        return [written.get(result.lease.token, False) for result in progress]

    def _take(self, connection: Connection, limit: int) -> list[Lease]:
        rows = connection.execute(statements.TAKE, {"limit": limit, "lease": self._lease})
        return [lease_of(row) for row in rows]

    def _extend(
        self, connection: Connection, statement: Update, leases: Sequence[Lease]
    ) -> dict[Token, bool]:
        rows = [_token(lease) for lease in leases]
        operations = {lease.token: lease.operation for lease in leases}
        valid = connection.execute(statement, {"rows": rows, "lease": self._lease}).all()
        tokens = [((row.saga_id, row.attempts), waiting_of(row)) for row in valid]
        return {token: is_cancel_requested(operations[token], waiting) for token, waiting in tokens}

    def _write(
        self, connection: Connection, progress: Sequence[Progress]
    ) -> tuple[dict[Token, Lease | bool], list[Outgoing]]:
        completed = [result for result in progress if isinstance(result, Completed)]
        written, events = self._conclude(connection, completed)
        postponed = [_pause(result) for result in progress if isinstance(result, Postponed)]
        if postponed:
            rows = connection.execute(statements.POSTPONE, {"rows": postponed}).all()
            written |= {(row.saga_id, row.attempts): True for row in rows}
        return written, events

    def _conclude(
        self, connection: Connection, completed: Sequence[Completed]
    ) -> tuple[dict[Token, Lease | bool], list[Outgoing]]:
        if not completed:
            return {}, []
        before = repository.lock(connection, {end.lease.saga_id for end in completed})
        now, ended, events = dict(before), set[Token](), list[Outgoing]()
        for end in completed:
            saga_id, attempts = end.lease.token
            if _is_in_progress(now.get(saga_id), attempts):
                decision = conclude(now[saga_id], end.result)
                now[saga_id] = decision.payment
                ended.add(end.lease.token)
                events += [Outgoing.of(event) for event in decision.send]
                _log_late_refund_failures(decision.send)
        changed = [now[saga_id] for saga_id, _ in ended]
        repository.store(connection, changed, before, self._lease.total_seconds())
        begun = {lease.saga_id: lease for lease in Lease.of_begun(changed, before)}
        written = {token: begun.get(token[0], True) for token in ended}
        return written, self._outbox.store(connection, events)


def _log_late_refund_failures(events: Sequence[Envelope]) -> None:
    """Log a warning for each refund that failed late: a person must return the money."""
    for event in events:
        if isinstance(event, PaymentRefundFailed) and event.payload.attempt is None:
            logger.warning(
                "refund_failed_later",
                correlation_id=event.correlation_id,
                stripe_refund_id=event.payload.stripe_refund_id,
                reason=event.payload.stripe_code,
            )


def _is_in_progress(payment: Payment | None, attempts: int) -> bool:
    return payment is not None and payment.operation is not None and payment.attempts == attempts


def _token(lease: Lease) -> dict[str, Any]:
    return {"saga_id": lease.saga_id, "attempts": lease.attempts}


def _pause(postponed: Postponed) -> dict[str, Any]:
    return {
        **_token(postponed.lease),
        "last_error": storable(postponed.reason),
        "pause_seconds": postponed.pause_seconds,
        "verify": postponed.verify,
        "new_key": postponed.new_key,
    }
