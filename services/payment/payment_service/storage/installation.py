"""The identity of this installation at Stripe, kept in its database."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import uuid4

import structlog
from saga_messaging.postgres.database import Database
from sqlalchemy import Connection, func, insert, select, text, update

from payment_service.model.stripe_system import StripeSystem
from payment_service.storage.orm import payments, stripe_systems
from payment_service.storage.records import AnyRow

LOCK: Final = 7_245_027
"""Key of the advisory lock that serializes replicas."""

DATABASE_HISTORY: Final = text(
    """
    SELECT concat_ws('/',
        (SELECT system_identifier FROM pg_control_system()),
        left(pg_walfile_name(pg_current_wal_lsn()), 8),
        (SELECT oid FROM pg_database WHERE datname = current_database()),
        'payments'::regclass::oid)
    """
)
"""Identifies this history of the data: the cluster, its timeline, the database and the table.

A promoted standby and a recovery to a point in time have a new timeline, and a copy or a restored
dump has another cluster, database or table:
https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-TIMELINES"""

logger = structlog.get_logger(__name__)


class Installation:
    """Makes the installation's mark once, and confirms that the database is still the same.

    Args:
        database: The service's database, migrated.
        name: The mark of new PaymentIntents; None for the installation's own.
        check_seconds: How often the database is confirmed.
        gap_seconds: The time without a confirmation after which it may have been restored.
    """

    def __init__(
        self, database: Database, name: str | None, *, check_seconds: float, gap_seconds: float
    ) -> None:
        self._database = database
        self._name = name
        self._check_seconds = check_seconds
        self._gap = timedelta(seconds=gap_seconds)
        self._current: StripeSystem | None = None

    async def current(self) -> StripeSystem:
        """Return the identity as last confirmed; waits for PostgreSQL the first time."""
        return self._current or await self.confirm()

    async def confirm(self) -> StripeSystem:
        """Read the identity, and renew it if the database is another one than before."""
        self._current = await self._database.transaction(self._confirm)
        return self._current

    async def run(self) -> None:
        """Confirm periodically, until canceled."""
        while True:
            await self.confirm()
            await asyncio.sleep(self._check_seconds)

    def _confirm(self, connection: Connection) -> StripeSystem:
        connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
        self._begin_history(connection)
        if self._name:
            _store(connection, self._name, "setting")
        return _read(connection, self._name)

    def _begin_history(self, connection: Connection) -> None:
        """Renew the mark if the history is another one; date it anew after a gap.

        In both cases the rows may be older than requests to Stripe: see `_distrust`.
        """
        history = connection.scalar(DATABASE_HISTORY)
        newest = _newest(_rows(connection))
        if newest is None or newest.database_history != history:
            logger.warning("installation_renewed", before=newest and newest.mark)
            _distrust(connection)
            _store(connection, f"saga-{uuid4()}", "installation", history)
        elif newest.age > self._gap:
            logger.warning("installation_interrupted", seconds=newest.age.total_seconds())
            _distrust(connection)
        connection.execute(update(stripe_systems).values(seen_at=func.now()))


def _distrust(connection: Connection) -> None:
    """Let the records begin now; an authorization in progress may have been sent before."""
    connection.execute(update(stripe_systems).values(since=func.now()))
    in_progress = payments.c.operation.is_not(None)
    connection.execute(update(payments).where(in_progress).values(unsent_attempts=None))


def _rows(connection: Connection) -> Sequence[AnyRow]:
    query = select(stripe_systems, (func.now() - stripe_systems.c.seen_at).label("age"))
    return connection.execute(query.order_by(stripe_systems.c.created_at)).all()


def _newest(rows: Sequence[AnyRow]) -> AnyRow | None:
    made = [row for row in rows if row.origin == "installation"]
    return made[-1] if made else None


def _store(connection: Connection, mark: str, origin: str, history: str | None = None) -> None:
    known = select(stripe_systems.c.mark).where(stripe_systems.c.mark == mark)
    if connection.scalar(known) is None:
        row = {"mark": mark, "origin": origin, "database_history": history}
        connection.execute(insert(stripe_systems), [row])


def _read(connection: Connection, name: str | None) -> StripeSystem:
    rows = _rows(connection)
    newest = _newest(rows)
    if newest is None:
        raise ValueError("stripe_systems has no installation")  # `_begin_history` has made one
    named = next((row for row in rows if row.mark == name), newest)
    return StripeSystem(
        mark=named.mark,
        installation=newest.mark,
        known=frozenset(row.mark for row in rows),
        defaults=frozenset(row.mark for row in rows if row.origin == "default"),
        since=max(named.since, newest.since),
    )
