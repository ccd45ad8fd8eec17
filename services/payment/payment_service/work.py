"""The pending payments, leased to executors; what became of them, and their replies."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from saga_messaging.database import Database
from saga_messaging.outbox import Outbox
from saga_messaging.records import Outgoing
from sqlalchemy import Connection

from payment_service import statements
from payment_service.domain import reply_to_the_first_command
from payment_service.ports import Decided, Lease, Postponed, Result
from payment_service.repository import AnyRow, payment_of, verdict_columns


class PaymentWork:
    """`ports.Work` on PostgreSQL. Any number of executors may share one table.

    While PostgreSQL is away every method waits.
    """

    def __init__(self, database: Database, outbox: Outbox, lease_seconds: float) -> None:
        self._database = database
        self._outbox = outbox
        self._lease = timedelta(seconds=lease_seconds)

    async def take(self, limit: int) -> Sequence[Lease]:
        """Lease payments that are due, those first that waited longest."""
        return await self._database.transaction(lambda connection: self._take(connection, limit))

    async def renew(self, leases: Sequence[Lease]) -> Collection[str]:
        """Extend leases by their whole time; a lease that another took since is not renewed."""
        return await self._database.transaction(lambda connection: self._renew(connection, leases))

    async def give_back(self, leases: Sequence[Lease]) -> None:
        """Let others take these payments at once."""
        rows = [_token(lease) for lease in leases]
        await self._database.transaction(
            lambda connection: connection.execute(statements.GIVE_BACK, {"rows": rows})
        )

    async def write(self, results: Sequence[Result]) -> Sequence[bool]:
        """Store results and replies in one transaction, then hand the replies to the outbox."""
        written, replies = await self._database.transaction(
            lambda connection: self._write(connection, results)
        )
        self._outbox.offer(replies)
        return [result.lease.payment.saga_id in written for result in results]

    def _take(self, connection: Connection, limit: int) -> list[Lease]:
        rows = connection.execute(statements.TAKE, {"limit": limit, "lease": self._lease})
        return [_lease_of(row) for row in rows]

    def _renew(self, connection: Connection, leases: Sequence[Lease]) -> set[str]:
        rows = [_token(lease) for lease in leases]
        parameters = {"rows": rows, "lease": self._lease}
        return set(connection.scalars(statements.RENEW, parameters))

    def _write(
        self, connection: Connection, results: Sequence[Result]
    ) -> tuple[set[str], list[Outgoing]]:
        decided = [result for result in results if isinstance(result, Decided)]
        ended = _execute(connection, statements.DECIDE, [_decision(each) for each in decided])
        replies = [
            Outgoing.of(reply_to_the_first_command(each.lease.payment, each.verdict))
            for each in decided
            if each.lease.payment.saga_id in ended
        ]
        self._outbox.store(connection, replies)
        postponed = [_pause(result) for result in results if isinstance(result, Postponed)]
        return ended | _execute(connection, statements.POSTPONE, postponed), replies


def _execute(connection: Connection, statement: Any, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    return set(connection.scalars(statement, {"rows": rows})) if rows else set()


def _token(lease: Lease) -> dict[str, Any]:
    return {"saga_id": lease.payment.saga_id, "attempts": lease.attempts}


def _decision(decided: Decided) -> dict[str, Any]:
    return {**_token(decided.lease), **verdict_columns(decided.verdict)}


def _pause(postponed: Postponed) -> dict[str, Any]:
    return {
        **_token(postponed.lease),
        "last_error": postponed.reason,
        "pause_seconds": postponed.pause_seconds,
        "settle": postponed.settle,
    }


def _lease_of(row: AnyRow) -> Lease:
    return Lease(
        payment=payment_of(row),
        attempts=row.attempts,
        age_seconds=row.age_seconds,
        settling=row.settling,
        settled=row.settled,
        last_error=row.last_error,
    )
