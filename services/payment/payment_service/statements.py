"""The bulk statements on pending payments: one statement each, however many payments.

Rows go in as one JSON parameter, so that the text of a statement is always the same. Those that
write under a lease compare its fencing token, `attempts`, and have no effect under an older one.
"""

from typing import Any, Final

from sqlalchemy import (
    TIMESTAMP,
    Boolean,
    Double,
    Integer,
    Interval,
    TableValuedAlias,
    Text,
    Update,
    bindparam,
    case,
    column,
    extract,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from payment_service.domain import Status
from payment_service.orm import payments
from payment_service.repository import PAYMENT_COLUMNS

_pending = payments.c.status == Status.PENDING.value
_lease_end = func.now() + bindparam("lease", type_=Interval)


def _rows(**columns: Any) -> TableValuedAlias:
    """The parameter `rows`, a JSON list of objects, as a table `given`."""
    typed = [column(name, type_) for name, type_ in columns.items()]
    rows = func.jsonb_to_recordset(bindparam("rows", type_=JSONB))
    return rows.table_valued(*typed).render_derived("given", with_types=True)


def _under_lease(given: TableValuedAlias, **values: Any) -> Update:
    """Update pending payments whose newest lease is the given one."""
    return (
        update(payments)
        .where(payments.c.saga_id == given.c.saga_id)
        .where(payments.c.attempts == given.c.attempts, _pending)
        .values(**values)
        .returning(payments.c.saga_id)
    )


_due = (
    select(payments.c.saga_id)
    .where(_pending, payments.c.next_try_at <= func.now())
    .order_by(payments.c.next_try_at)
    .limit(bindparam("limit", type_=Integer))
    .with_for_update(skip_locked=True)
)
TAKE: Final = (
    update(payments)
    .where(payments.c.saga_id.in_(_due))
    .values(next_try_at=_lease_end, attempts=payments.c.attempts + 1)
    .returning(
        *PAYMENT_COLUMNS,
        payments.c.attempts,
        payments.c.last_error,
        extract("epoch", func.now() - payments.c.created_at).cast(Double).label("age_seconds"),
        payments.c.settle_after.is_not(None).label("settling"),
        func.coalesce(payments.c.settle_after <= func.now(), False).label("settled"),
    )
)
"""Lease at most `limit` payments that are due, for `lease`."""

_token = _rows(saga_id=Text, attempts=Integer)

RENEW: Final = _under_lease(_token, next_try_at=_lease_end)
"""Extend the leases of `rows`; returns those that still stood."""

GIVE_BACK: Final = _under_lease(_token, next_try_at=func.now())
"""End the leases of `rows`."""

_verdict = _rows(
    saga_id=Text,
    attempts=Integer,
    status=Text,
    payment_intent_id=Text,
    capture_before=TIMESTAMP(timezone=True),
    failure=JSONB,
)
DECIDE: Final = _under_lease(
    _verdict,
    status=_verdict.c.status,
    payment_intent_id=_verdict.c.payment_intent_id,
    capture_before=_verdict.c.capture_before,
    failure=_verdict.c.failure,
    next_try_at=None,
    updated_at=func.now(),
)
"""End the payments of `rows`; returns those whose end this is."""

_pause = _rows(
    saga_id=Text, attempts=Integer, last_error=Text, pause_seconds=Double, settle=Boolean
)
_pause_end = func.now() + func.make_interval(0, 0, 0, 0, 0, 0, _pause.c.pause_seconds)

POSTPONE: Final = _under_lease(
    _pause,
    last_error=_pause.c.last_error,
    next_try_at=_pause_end,
    settle_after=case(
        (_pause.c.settle, func.coalesce(payments.c.settle_after, _pause_end)),
        else_=payments.c.settle_after,
    ),
    updated_at=func.now(),
)
"""Let the payments of `rows` rest; returns those that the caller still had."""
