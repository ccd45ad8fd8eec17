"""The operations under way, leased to executors; what became of them, and what is told of it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog
from saga_messaging.database import Database
from saga_messaging.outbox import Outbox
from saga_messaging.records import Outgoing
from saga_schemas import Envelope
from saga_schemas.settlement import PaymentRefundFailed
from sqlalchemy import Connection

from payment_service.model.conclusions import conclude
from payment_service.model.payment import KnownPayment
from payment_service.model.ports import Decided, Lease, Postponed, Result, Token, is_halted
from payment_service.storage import repository, statements
from payment_service.storage.records import AnyRow, operation_of, payment_of, waiting_of

logger = structlog.get_logger(__name__)


class PaymentWork:
    """`ports.Work` on PostgreSQL. Any number of executors may share one table.

    While PostgreSQL is away every method waits.
    """

    def __init__(self, database: Database, outbox: Outbox, lease_seconds: float) -> None:
        self._database = database
        self._outbox = outbox
        self._lease = timedelta(seconds=lease_seconds)

    async def take(self, limit: int) -> Sequence[Lease]:
        """Lease what is due, that first which waited longest."""
        return await self._database.transaction(lambda connection: self._take(connection, limit))

    async def renew(self, leases: Sequence[Lease]) -> Mapping[Token, bool]:
        """Extend leases by their whole time; a lease that another took since is not renewed."""
        return await self._database.transaction(lambda connection: self._renew(connection, leases))

    async def give_back(self, leases: Sequence[Lease]) -> None:
        """Let others take these at once."""
        rows = [_token(lease) for lease in leases]
        await self._database.transaction(
            lambda connection: connection.execute(statements.GIVE_BACK, {"rows": rows})
        )

    async def write(self, results: Sequence[Result]) -> Sequence[Lease | bool]:
        """Store results and events in one transaction, then hand the events to the outbox."""
        written, events = await self._database.transaction(
            lambda connection: self._write(connection, results)
        )
        self._outbox.offer(events)
        return [written.get(result.lease.token, False) for result in results]

    def _take(self, connection: Connection, limit: int) -> list[Lease]:
        rows = connection.execute(statements.TAKE, {"limit": limit, "lease": self._lease})
        return [_lease_of(row) for row in rows]

    def _renew(self, connection: Connection, leases: Sequence[Lease]) -> dict[Token, bool]:
        rows = [_token(lease) for lease in leases]
        operations = {lease.token: lease.operation for lease in leases}
        stood = connection.execute(statements.RENEW, {"rows": rows, "lease": self._lease}).all()
        tokens = [((row.saga_id, row.attempts), waiting_of(row)) for row in stood]
        return {token: is_halted(operations[token], waiting) for token, waiting in tokens}

    def _write(
        self, connection: Connection, results: Sequence[Result]
    ) -> tuple[dict[Token, Lease | bool], list[Outgoing]]:
        decided = [result for result in results if isinstance(result, Decided)]
        ended, events = self._conclude(connection, decided)
        postponed = [_pause(result) for result in results if isinstance(result, Postponed)]
        if postponed:
            rows = connection.execute(statements.POSTPONE, {"rows": postponed}).all()
            ended |= {(row.saga_id, row.attempts): True for row in rows}
        return ended, events

    def _conclude(
        self, connection: Connection, decided: Sequence[Decided]
    ) -> tuple[dict[Token, Lease | bool], list[Outgoing]]:
        if not decided:
            return {}, []
        before = repository.lock(connection, {each.lease.payment.saga_id for each in decided})
        now, ended, events = dict(before), set[Token](), list[Outgoing]()
        for each in decided:
            saga_id, attempts = each.lease.token
            if _is_under_way(now.get(saga_id), attempts):
                decision = conclude(now[saga_id], each.verdict)
                now[saga_id] = decision.known
                ended.add(each.lease.token)
                events += [Outgoing.of(event) for event in decision.send]
                _warn_of_lost_refunds(decision.send)
        changed = [now[saga_id] for saga_id, _ in ended]
        repository.store(connection, changed, before, self._lease.total_seconds())
        begun = {lease.payment.saga_id: lease for lease in Lease.of_begun(changed, before)}
        written = {token: begun.get(token[0], True) for token in ended}
        return written, self._outbox.store(connection, events)


def _warn_of_lost_refunds(events: Sequence[Envelope]) -> None:
    """Money that a customer was to have is back with us, and a person has to see to it."""
    for event in events:
        if isinstance(event, PaymentRefundFailed) and event.payload.attempt is None:
            logger.warning(
                "refund_lost",
                correlation_id=event.correlation_id,
                stripe_refund_id=event.payload.stripe_refund_id,
                reason=event.payload.stripe_code,
            )


def _is_under_way(known: KnownPayment | None, attempts: int) -> bool:
    return known is not None and known.operation is not None and known.attempts == attempts


def _token(lease: Lease) -> dict[str, Any]:
    return {"saga_id": lease.payment.saga_id, "attempts": lease.attempts}


def _pause(postponed: Postponed) -> dict[str, Any]:
    return {
        **_token(postponed.lease),
        "last_error": postponed.reason,
        "pause_seconds": postponed.pause_seconds,
        "settle": postponed.settle,
        "new_key": postponed.new_key,
    }


def _lease_of(row: AnyRow) -> Lease:
    payment, operation = payment_of(row), operation_of(row.operation)
    if payment is None:
        raise ValueError(f"{row.saga_id}: a tombstone has an operation")
    return Lease(
        payment=payment,
        attempts=row.attempts,
        age_seconds=row.age_seconds,
        settling=row.settling,
        settled=row.settled,
        halted=is_halted(operation, waiting_of(row)),
        last_error=row.last_error,
        operation=operation,
        payment_intent_id=row.payment_intent_id or "",
        key_round=row.key_round,
    )
