"""The clock of retention: what is removed for its age cannot be brought back."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Table, case, func, update
from sqlalchemy.dialects.postgresql import insert

ORDER_OF_REPLICAS: Final = timedelta(minutes=1)
"""Transactions of several replicas begin in another order than they read the row."""


def untrusted_until(
    connection: Connection, clock: Table, trial: timedelta, interval: timedelta
) -> datetime | None:
    """Read the database's clock; return until when nothing may be removed, or None.

    It is read every `interval`. If it has moved by more than `trial` beyond that, or backwards, it
    may be wrong, and is trusted only once it has run evenly for `trial`. Also a database that is
    new, or was not in use for that long, waits: nobody can tell the difference.
    """
    now, row = func.now(), clock.c
    jumped = (row.seen_at < now - interval - trial) | (row.seen_at > now + ORDER_OF_REPLICAS)
    connection.execute(
        insert(clock).values(seen_at=now, trusted_from=now + trial).on_conflict_do_nothing()
    )
    read = update(clock).values(
        seen_at=now, trusted_from=case((jumped, now + trial), else_=row.trusted_from)
    )
    found = connection.execute(
        read.returning(row.trusted_from, (row.trusted_from > row.seen_at).label("waits"))
    ).one()
    return found.trusted_from if found.waits else None
