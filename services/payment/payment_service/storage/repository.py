"""Repository functions on payments: lock, store and read, within the caller's transaction."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    bindparam,
    func,
    insert,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.dialects.postgresql import insert as upsert

from payment_service.model.payment import Payment, PaymentStatus
from payment_service.storage import statements
from payment_service.storage.orm import payments, refunds, stripe_events
from payment_service.storage.records import AnyRow, payment_of, payment_row, refund_row

_ids = bindparam("ids", type_=ARRAY(TEXT))


def lock(connection: Connection, saga_ids: Collection[str]) -> dict[str, Payment]:
    """Lock and return the existing payments of these sagas, by saga id."""
    return _lock(connection, payments.c.saga_id == func.any(_ids), saga_ids)


def lock_of_intents(
    connection: Connection, intent_ids: Collection[str], saga_ids: Collection[str]
) -> dict[str, Payment]:
    """Lock and return the payments of these PaymentIntents and of these sagas, by saga id."""
    query = select(payments.c.saga_id).where(payments.c.payment_intent_id == func.any(_ids))
    found = connection.scalars(query, {"ids": list(intent_ids)}).all()
    return lock(connection, {*found, *saga_ids})


def _lock(
    connection: Connection, condition: ColumnElement[bool], ids: Collection[str]
) -> dict[str, Payment]:
    query = select(payments).where(condition).order_by(payments.c.saga_id).with_for_update()
    rows = connection.execute(query, {"ids": list(ids)}).all()
    return with_refunds(connection, rows)


def with_refunds(connection: Connection, rows: Sequence[AnyRow]) -> dict[str, Payment]:
    """Convert rows to payments; the refunds of captured payments are read."""
    captured = [row.saga_id for row in rows if row.status == PaymentStatus.CAPTURED]
    by_saga: dict[str, list[AnyRow]] = {}
    if captured:
        for row in connection.execute(_refunds_of(), {"ids": captured}):
            by_saga.setdefault(row.saga_id, []).append(row)
    return {row.saga_id: payment_of(row, by_saga.get(row.saga_id, ())) for row in rows}


def _refunds_of() -> Select[*tuple[Any, ...]]:
    return (
        select(refunds)
        .where(refunds.c.saga_id == func.any(_ids))
        .order_by(refunds.c.created_at, refunds.c.refund_id)
    )


def store(
    connection: Connection,
    changed: Sequence[Payment],
    before: Mapping[str, Payment],
    lease_seconds: float,
) -> None:
    """Store new or locked payments; an operation they begin is leased for `lease_seconds`.

    Raises:
        IntegrityError: Another transaction has stored a payment for a saga; retry the transaction.
    """
    lease = timedelta(seconds=lease_seconds)
    _insert(connection, [payment for payment in changed if payment.is_new], lease)
    rows = [
        {**payment_row(payment), "begun": payment.attempts > before[payment.saga_id].attempts}
        for payment in changed
        if not payment.is_new
    ]
    if rows:
        connection.execute(statements.UPDATE, {"rows": rows, "lease": lease})
    _store_refunds(connection, changed, before)


def _insert(connection: Connection, new: Sequence[Payment], lease: timedelta) -> None:
    for pending in (True, False):
        rows = [payment_row(payment) for payment in new if bool(payment.operation) is pending]
        times = {"next_try_at": func.now() + lease, "operation_since": func.now()}
        if rows:
            connection.execute(insert(payments).values(times if pending else {}), rows)


def _store_refunds(
    connection: Connection, changed: Sequence[Payment], before: Mapping[str, Payment]
) -> None:
    rows = [
        refund_row(payment.saga_id, refund)
        for payment in changed
        for refund in payment.refunds
        if payment.saga_id not in before or refund not in before[payment.saga_id].refunds
    ]
    if rows:
        statement = upsert(refunds)
        changes = {
            name: statement.excluded[name] for name in ("status", "stripe_refund_id", "failure")
        }
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["saga_id", "refund_id"],
                set_={**changes, "updated_at": func.now()},
            ),
            rows,
        )


def find_row(connection: Connection, saga_id: str) -> RowMapping | None:
    """Return the row of the saga's payment, without locking it."""
    query = select(payments).where(payments.c.saga_id == saga_id)
    return connection.execute(query).mappings().first()


def find_refunds(connection: Connection, saga_id: str) -> Sequence[RowMapping]:
    """Return the refunds of the saga's payment, the oldest first."""
    return connection.execute(_refunds_of(), {"ids": [saga_id]}).mappings().all()


def store_event(connection: Connection, **event: Any) -> bool:
    """Store a Stripe event; return False for a duplicate."""
    statement = upsert(stripe_events).on_conflict_do_nothing()
    new = connection.scalars(statement.returning(stripe_events.c.event_id), [event])
    return new.first() is not None


def held_between(connection: Connection, since: datetime, until: datetime) -> Sequence[AnyRow]:
    """Return saga id and PaymentIntent of the idle holds stored in this period."""
    query = select(payments.c.saga_id, payments.c.payment_intent_id).where(
        payments.c.status == PaymentStatus.AUTHORIZED.value,
        payments.c.operation.is_(None),
        payments.c.created_at.between(since, until),
    )
    return connection.execute(query).all()


def first_payment_at(connection: Connection) -> datetime | None:
    """Return when the oldest payment was stored, None if there is none. Reads the whole table."""
    return connection.scalar(select(func.min(payments.c.created_at)))
