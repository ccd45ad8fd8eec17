"""Conversion between rows and payments."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from saga_schemas.payment import PaymentFailedPayload
from saga_schemas.payment_lifecycle import PaymentRefundFailedPayload
from sqlalchemy import Row

from payment_service.model.authorization import AuthorizationRequest
from payment_service.model.lease import Lease, is_cancel_requested
from payment_service.model.operations import Operation, OperationKind
from payment_service.model.payment import Payment, PaymentStatus, Refund, RefundStatus
from payment_service.storage.orm import payments

REQUEST_COLUMNS = (
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
_REQUEST_NAMES = tuple(column.name for column in REQUEST_COLUMNS)


def request_of(row: AnyRow) -> AuthorizationRequest | None:
    """Read the request from a row with `REQUEST_COLUMNS`; None for a tombstone."""
    if row.amount is None:
        return None
    return AuthorizationRequest(**{name: getattr(row, name) for name in _REQUEST_NAMES})


def payment_of(row: AnyRow, refunds: Sequence[AnyRow] = ()) -> Payment:
    """Read a payment from its row and the rows of its refunds."""
    return Payment(
        saga_id=row.saga_id,
        request=request_of(row),
        status=PaymentStatus(row.status),
        payment_intent_id=row.payment_intent_id,
        capture_before=row.capture_before,
        failure=row.failure and PaymentFailedPayload.model_validate(row.failure),
        captured=row.captured,
        released=row.released,
        refunds=tuple(_refund_of(refund) for refund in refunds),
        operation=row.operation and operation_of(row.operation),
        waiting=waiting_of(row),
        attempts=row.attempts,
        key_attempt=row.key_round,
        unsent=row.operation is not None and _is_unsent(row),
        begin_within_seconds=row.begin_within_seconds,
    )


def lease_of(row: AnyRow) -> Lease:
    """Read a lease from a row of `statements.TAKE`.

    Raises:
        ValueError: A tombstone has an operation. This is a bug.
    """
    request, operation = request_of(row), operation_of(row.operation)
    if request is None:
        raise ValueError(f"{row.saga_id}: a tombstone has an operation")
    return Lease(
        request=request,
        attempts=row.attempts,
        age_seconds=row.age_seconds,
        verifying=row.verifying,
        verified=row.verified,
        cancel_requested=is_cancel_requested(operation, waiting_of(row)),
        last_error=row.last_error,
        operation=operation,
        payment_intent_id=row.payment_intent_id or "",
        key_attempt=row.key_round,
        unsent=_is_unsent(row),
        begin_within_seconds=row.begin_within_seconds,
    )


def _is_unsent(row: AnyRow) -> bool:
    authorizing = row.operation["kind"] == OperationKind.AUTHORIZE
    return authorizing and row.unsent_attempts == row.attempts


def waiting_of(row: AnyRow) -> tuple[Operation, ...]:
    """Read the waiting operations from a row."""
    return tuple(operation_of(json) for json in row.waiting)


def operation_of(json: Mapping[str, Any]) -> Operation:
    """Read an operation from its stored JSON."""
    fields, command_id = dict(json), json.get("command_id")
    fields["kind"] = OperationKind(json["kind"])
    fields["command_id"] = command_id and UUID(command_id)
    return Operation(**fields)


def payment_row(payment: Payment) -> dict[str, Any]:
    """Return the columns of a payment; all values are JSON-serializable."""
    request, failure = payment.request, payment.failure
    request_columns = {name: getattr(request, name, None) for name in _REQUEST_NAMES}
    return {
        **request_columns,
        "command_id": request and str(request.command_id),
        "saga_id": payment.saga_id,
        "status": payment.status.value,
        "payment_intent_id": payment.payment_intent_id,
        "capture_before": payment.capture_before and payment.capture_before.isoformat(),
        "failure": failure and failure.model_dump(mode="json", exclude_none=True),
        "captured": payment.captured,
        "released": payment.released,
        "operation": payment.operation and _json_of(payment.operation),
        "waiting": [_json_of(operation) for operation in payment.waiting],
        "attempts": payment.attempts,
        "key_round": payment.key_attempt,
        "unsent_attempts": payment.attempts if payment.is_unsent else None,
        "begin_within_seconds": payment.begin_within_seconds,
    }


def refund_row(saga_id: str, refund: Refund) -> dict[str, Any]:
    """Return the columns of a refund."""
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
