"""Bulk statements on payments: one statement for any number of payments.

Rows are passed as one JSON parameter, so that the text of a statement is constant. Statements that
write under a lease compare its fencing token, `attempts`; an older token has no effect.
"""

from typing import Any, Final

from sqlalchemy import (
    TIMESTAMP,
    Boolean,
    ColumnElement,
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
    null,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from payment_service.model.payment import PaymentStatus
from payment_service.storage.orm import payments
from payment_service.storage.records import REQUEST_COLUMNS

_in_progress = payments.c.operation.is_not(None)
_lease_end = func.now() + bindparam("lease", type_=Interval)


def _rows(**columns: Any) -> TableValuedAlias:
    """Return the parameter `rows`, a JSON list of objects, as a table `given`."""
    typed = [column(name, type_) for name, type_ in columns.items()]
    rows = func.jsonb_to_recordset(bindparam("rows", type_=JSONB))
    return rows.table_valued(*typed).render_derived("given", with_types=True)


def _under_lease(given: TableValuedAlias, **values: Any) -> Update:
    """Update the payments whose newest lease is the given one."""
    return (
        update(payments)
        .where(payments.c.saga_id == given.c.saga_id)
        .where(payments.c.attempts == given.c.attempts, _in_progress)
        .values(**values)
        .returning(payments.c.saga_id, payments.c.attempts, payments.c.waiting)
    )


def _if(condition: ColumnElement[bool], value: Any, otherwise: Any) -> ColumnElement[Any]:
    return case((condition, value), else_=otherwise)


_due = (
    select(payments.c.saga_id)
    .where(_in_progress, payments.c.next_try_at <= func.now())
    .order_by(payments.c.next_try_at)
    .limit(bindparam("limit", type_=Integer))
    .with_for_update(skip_locked=True)
)
TAKE: Final = (
    update(payments)
    .where(payments.c.saga_id.in_(_due))
    .values(
        next_try_at=_lease_end,
        attempts=payments.c.attempts + 1,
        unsent_attempts=case(
            (payments.c.unsent_attempts == payments.c.attempts, payments.c.attempts + 1),
            else_=null(),
        ),
    )
    .returning(
        *REQUEST_COLUMNS,
        payments.c.attempts,
        payments.c.last_error,
        payments.c.payment_intent_id,
        payments.c.operation,
        payments.c.waiting,
        payments.c.key_round,
        payments.c.unsent_attempts,
        payments.c.begin_within_seconds,
        extract("epoch", func.now() - payments.c.operation_since).cast(Double).label("age_seconds"),
        payments.c.settle_after.is_not(None).label("verifying"),
        func.coalesce(payments.c.settle_after <= func.now(), False).label("verified"),
    )
)
"""Lease at most `limit` due payments for `lease`."""

_token = _rows(saga_id=Text, attempts=Integer)

RENEW: Final = _under_lease(_token, next_try_at=_lease_end)
"""Extend the leases of `rows`; returns the valid ones, with their waiting operations."""

START: Final = _under_lease(_token, next_try_at=_lease_end, unsent_attempts=null())
"""Note that requests may be sent from now on under the leases of `rows`, and extend them."""

GIVE_BACK: Final = _under_lease(_token, next_try_at=func.now())
"""End the leases of `rows`."""

_given = _rows(
    saga_id=Text,
    status=Text,
    payment_intent_id=Text,
    capture_before=TIMESTAMP(timezone=True),
    failure=JSONB,
    captured=Integer,
    released=Integer,
    operation=JSONB,
    waiting=JSONB,
    attempts=Integer,
    key_round=Integer,
    begin_within_seconds=Double,
    begun=Boolean,
)
_new = _given.c
_idle = _new.operation.is_(None)

UPDATE: Final = (
    update(payments)
    .where(payments.c.saga_id == _new.saga_id)
    .values(
        status=_new.status,
        payment_intent_id=_new.payment_intent_id,
        capture_before=_new.capture_before,
        failure=_new.failure,
        captured=_new.captured,
        released=_new.released,
        operation=_new.operation,
        waiting=_new.waiting,
        attempts=_new.attempts,
        key_round=_new.key_round,
        begin_within_seconds=_new.begin_within_seconds,
        operation_since=_if(_new.begun, func.now(), payments.c.operation_since),
        settle_after=_if(_new.begun, null(), payments.c.settle_after),
        last_error=_if(_new.begun, null(), payments.c.last_error),
        next_try_at=case((_idle, null()), (_new.begun, _lease_end), else_=payments.c.next_try_at),
        updated_at=func.now(),
    )
)
"""Store the payments of `rows`, locked by the transaction; begun operations are leased."""

_pause = _rows(
    saga_id=Text,
    attempts=Integer,
    last_error=Text,
    pause_seconds=Double,
    verify=Boolean,
    new_key=Boolean,
)
_pause_end = func.now() + func.make_interval(0, 0, 0, 0, 0, 0, _pause.c.pause_seconds)

POSTPONE: Final = _under_lease(
    _pause,
    last_error=_pause.c.last_error,
    next_try_at=_pause_end,
    settle_after=case(
        (_pause.c.new_key, null()),
        (_pause.c.verify, func.coalesce(payments.c.settle_after, _pause_end)),
        else_=payments.c.settle_after,
    ),
    key_round=payments.c.key_round + _if(_pause.c.new_key, 1, 0),
    operation_since=_if(_pause.c.new_key, func.now(), payments.c.operation_since),
    updated_at=func.now(),
)
"""Postpone the payments of `rows`; returns those whose lease was valid."""

EXPIRING: Final = (
    select(payments.c.capture_before, payments.c.saga_id)
    .where(
        payments.c.status == PaymentStatus.AUTHORIZED.value,
        payments.c.operation.is_(None),
        payments.c.capture_before < func.now() - bindparam("slack", type_=Interval),
        tuple_(payments.c.capture_before, payments.c.saga_id)
        > tuple_(
            bindparam("after_time", type_=TIMESTAMP(timezone=True)),
            bindparam("after_saga", type_=Text),
        ),
    )
    .order_by(payments.c.capture_before, payments.c.saga_id)
    .limit(bindparam("limit", type_=Integer))
    .with_for_update(skip_locked=True)
)
"""The payments whose hold ended, by `capture_before`, more than `slack` ago.

Only those after the hold of `after_time` and `after_saga`.
"""
