"""Rows as payments, and payments as rows."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from saga_schemas.payment import PaymentFailedPayload
from saga_schemas.settlement import PaymentRefundFailedPayload
from sqlalchemy import Row

from payment_service.model.authorization import Payment
from payment_service.model.operations import Kind, Operation
from payment_service.model.payment import KnownPayment, Refund, RefundStatus, Status
from payment_service.storage.orm import payments

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
_PAYMENT_NAMES = tuple(column.name for column in PAYMENT_COLUMNS)


def payment_of(row: AnyRow) -> Payment | None:
    """The payment that a row with `PAYMENT_COLUMNS` stands for; None for a tombstone."""
    if row.amount is None:
        return None
    return Payment(**{name: getattr(row, name) for name in _PAYMENT_NAMES})


def known_of(row: AnyRow, refunds: Sequence[AnyRow] = ()) -> KnownPayment:
    """The payment as a whole row says that it stands."""
    status = Status(row.status)
    return KnownPayment(
        saga_id=row.saga_id,
        payment=payment_of(row),
        status=status,
        payment_intent_id=row.payment_intent_id,
        capture_before=row.capture_before,
        failure=row.failure and PaymentFailedPayload.model_validate(row.failure),
        captured=row.captured,
        released=row.released,
        refunds=tuple(_refund_of(refund) for refund in refunds),
        operation=row.operation and operation_of(row.operation),
        waiting=waiting_of(row),
        attempts=row.attempts,
        key_round=row.key_round,
    )


def waiting_of(row: AnyRow) -> tuple[Operation, ...]:
    """The operations that wait."""
    return tuple(operation_of(each) for each in row.waiting)


def operation_of(json: Mapping[str, Any]) -> Operation:
    """The operation as it was stored."""
    fields, command_id = dict(json), json.get("command_id")
    fields["kind"] = Kind(json["kind"])
    fields["command_id"] = command_id and UUID(command_id)
    return Operation(**fields)


def row_of(known: KnownPayment) -> dict[str, Any]:
    """All that is stored of a payment; the values can go into JSON."""
    payment, failure = known.payment, known.failure
    given = {name: getattr(payment, name, None) for name in _PAYMENT_NAMES}
    return {
        **given,
        "command_id": payment and str(payment.command_id),
        "saga_id": known.saga_id,
        "status": known.status.value,
        "payment_intent_id": known.payment_intent_id,
        "capture_before": known.capture_before and known.capture_before.isoformat(),
        "failure": failure and failure.model_dump(mode="json", exclude_none=True),
        "captured": known.captured,
        "released": known.released,
        "operation": known.operation and _json_of(known.operation),
        "waiting": [_json_of(each) for each in known.waiting],
        "attempts": known.attempts,
        "key_round": known.key_round,
    }


def refund_row(saga_id: str, refund: Refund) -> dict[str, Any]:
    """All that is stored of a refund."""
    return {
        "saga_id": saga_id,
        "refund_id": refund.refund_id,
        "amount": refund.amount,
        "status": refund.status.value,
        "stripe_refund_id": refund.stripe_refund_id,
        "failure": refund.failure and refund.failure.model_dump(mode="json", exclude_none=True),
    }


def _json_of(operation: Operation) -> dict[str, Any]:
    fields = {name: getattr(operation, name) for name in operation.__slots__}
    fields["kind"] = operation.kind.value
    fields["command_id"] = operation.command_id and str(operation.command_id)
    return {name: value for name, value in fields.items() if value}


def _refund_of(row: AnyRow) -> Refund:
    return Refund(
        row.refund_id,
        row.amount,
        RefundStatus(row.status),
        row.stripe_refund_id,
        row.failure and PaymentRefundFailedPayload.model_validate(row.failure),
    )
