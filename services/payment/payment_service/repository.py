"""The payments table, as the intake and the API use it; `work.py` is the executor's side."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeAlias

from saga_schemas.payment import PaymentFailedPayload
from sqlalchemy import Connection, Row, RowMapping, bindparam, func, insert, select
from sqlalchemy.dialects.postgresql import ARRAY, TEXT

from payment_service.domain import Authorized, KnownPayment, Payment, Status, Verdict
from payment_service.orm import payments

PAYMENT_COLUMNS = (
    payments.c.saga_id,
    payments.c.attempt,
    payments.c.command_id,
    payments.c.clerk_user_id,
    payments.c.stripe_customer_id,
    payments.c.payment_method_id,
    payments.c.amount,
    payments.c.currency,
    payments.c.description,
)
AnyRow: TypeAlias = Row[*tuple[Any, ...]]
_saga_ids = bindparam("saga_ids", type_=ARRAY(TEXT))


def find_known(connection: Connection, saga_ids: Collection[str]) -> dict[str, KnownPayment]:
    """The payments of these sagas, as far as there are any."""
    query = select(payments).where(payments.c.saga_id == func.any(_saga_ids))
    rows = connection.execute(query, {"saga_ids": list(saga_ids)})
    return {row.saga_id: KnownPayment(payment_of(row), _verdict_of(row)) for row in rows}


def store_new(connection: Connection, new: Sequence[KnownPayment], lease_seconds: float) -> None:
    """Store payments; those that are pending are leased to the caller.

    Raises:
        IntegrityError: A saga has a payment by now; the transaction is to be run again.
    """
    rows = [_row_of(stored) for stored in new]
    pending = [row for row in rows if row["status"] == Status.PENDING]
    decided = [row for row in rows if row["status"] != Status.PENDING]
    if pending:
        lease = func.now() + timedelta(seconds=lease_seconds)
        connection.execute(insert(payments).values(next_try_at=lease), pending)
    if decided:
        connection.execute(insert(payments), decided)


def find_row(connection: Connection, saga_id: str) -> RowMapping | None:
    """The saga's payment as it stands."""
    query = select(payments).where(payments.c.saga_id == saga_id)
    return connection.execute(query).mappings().first()


def payment_of(row: AnyRow) -> Payment:
    """The payment that a row with `PAYMENT_COLUMNS` stands for."""
    return Payment(**{column.name: getattr(row, column.name) for column in PAYMENT_COLUMNS})


def verdict_columns(verdict: Verdict | None) -> Mapping[str, Any]:
    """The columns that say how a payment ended; their values can go into JSON."""
    match verdict:
        case None:
            status, payment_intent_id, capture_before, failure = Status.PENDING, None, None, None
        case Authorized(payment_intent_id, at):
            status, capture_before, failure = Status.AUTHORIZED, at and at.isoformat(), None
        case PaymentFailedPayload(payment_intent_id=payment_intent_id):
            status, capture_before = Status.FAILED, None
            failure = verdict.model_dump(mode="json", exclude_none=True)
    return {
        "status": status,
        "payment_intent_id": payment_intent_id,
        "capture_before": capture_before,
        "failure": failure,
    }


def _row_of(stored: KnownPayment) -> dict[str, Any]:
    payment = stored.payment
    columns = {column.name: getattr(payment, column.name) for column in PAYMENT_COLUMNS}
    return {**columns, **verdict_columns(stored.verdict), "attempts": 1}


def _verdict_of(row: AnyRow) -> Verdict | None:
    match Status(row.status):
        case Status.PENDING:
            return None
        case Status.AUTHORIZED:
            return Authorized(row.payment_intent_id, row.capture_before)
        case Status.FAILED:
            return PaymentFailedPayload.model_validate(row.failure)
