"""The events to publish: replies to commands, and unsolicited events.

A reply carries the attempt of the command it answers, and its id is derived from that command:
the same command gets the same reply. An unsolicited event reports a change at Stripe. It carries
no attempt, and its id is derived from its subject: it is one message, wherever and however often
the change is detected.
"""

from typing import Any, Final, TypeAlias

from saga_schemas import Envelope
from saga_schemas.envelope import derived_message_id
from saga_schemas.payment import (
    PaymentAuthorized,
    PaymentAuthorizedPayload,
    PaymentFailed,
    PaymentFailedPayload,
)
from saga_schemas.payment_lifecycle import (
    AuthorizationExpiredPayload,
    DisputeOutcome,
    OperationFailedPayload,
    PaymentAuthorizationExpired,
    PaymentCanceled,
    PaymentCanceledPayload,
    PaymentCancelFailed,
    PaymentCaptured,
    PaymentCapturedPayload,
    PaymentCaptureFailed,
    PaymentDisputed,
    PaymentDisputedPayload,
    PaymentRefunded,
    PaymentRefundedPayload,
    PaymentRefundFailed,
    PaymentRefundFailedPayload,
)

from payment_service.model.failures import operation_failure
from payment_service.model.operations import Operation, OperationKind
from payment_service.model.payment import Payment, Refund
from payment_service.model.stripe_results import Rejected

Event: TypeAlias = Envelope

_FAILED: Final[dict[OperationKind, type[PaymentCaptureFailed] | type[PaymentCancelFailed]]] = {
    OperationKind.CAPTURE: PaymentCaptureFailed,
    OperationKind.CANCEL: PaymentCancelFailed,
}


def authorized(payment: Payment) -> PaymentAuthorized:
    """Report that the amount is held."""
    payload = PaymentAuthorizedPayload(
        payment_intent_id=_intent_id(payment),
        amount=_amount(payment),
        currency=payment.currency,
        capture_before=payment.capture_before,
    )
    return _event(PaymentAuthorized, payment, payload)


def failed(payment: Payment, failure: PaymentFailedPayload) -> PaymentFailed:
    """Report that nothing is held and nothing will be."""
    return _event(PaymentFailed, payment, failure)


def captured(payment: Payment) -> PaymentCaptured:
    """Report that a part of the hold was captured and the rest released."""
    payload = PaymentCapturedPayload(
        payment_intent_id=_intent_id(payment), amount=payment.captured, currency=payment.currency
    )
    return _event(PaymentCaptured, payment, payload)


def canceled(payment: Payment) -> PaymentCanceled:
    """Report that the hold is released, or never existed."""
    payload = PaymentCanceledPayload(
        payment_intent_id=payment.payment_intent_id,
        released=payment.released,
        currency=payment.currency,
    )
    return _event(PaymentCanceled, payment, payload)


def expired(payment: Payment) -> PaymentAuthorizationExpired:
    """Report that the hold was not captured in time."""
    payload = AuthorizationExpiredPayload(
        payment_intent_id=_intent_id(payment), released=payment.released, currency=payment.currency
    )
    return _event(PaymentAuthorizationExpired, payment, payload)


def refunded(payment: Payment, refund: Refund) -> PaymentRefunded:
    """Report a refund. `refund_id` is None if it was created at Stripe by hand."""
    stripe_refund_id = refund.stripe_refund_id or refund.refund_id
    by_hand = refund.refund_id == stripe_refund_id
    payload = PaymentRefundedPayload(
        refund_id=None if by_hand else refund.refund_id,
        stripe_refund_id=stripe_refund_id,
        amount=refund.amount,
        currency=payment.currency,
    )
    return _event(PaymentRefunded, payment, payload, stripe_refund_id)


def disputed(
    payment: Payment,
    dispute_id: str,
    amount: int,
    reason: str,
    outcome: DisputeOutcome | None = None,
) -> PaymentDisputed:
    """Report that the cardholder's bank claims money back, or with `outcome` the end of that."""
    payload = PaymentDisputedPayload(
        dispute_id=dispute_id,
        amount=amount,
        currency=payment.currency,
        reason=reason,
        outcome=outcome,
    )
    subject = f"{dispute_id}:{outcome}" if outcome else dispute_id
    return _event(PaymentDisputed, payment, payload, subject)


def rejected(
    saga_id: str, operation: Operation, rejection: Rejected, intent_id: str | None
) -> Event:
    """Report that the operation changed nothing, and the reason."""
    failure = operation_failure(rejection, intent_id)
    if operation.kind is OperationKind.REFUND:
        return refund_failed(saga_id, of_refund(failure, operation.refund_id))
    return _FAILED[operation.kind](correlation_id=saga_id, payload=failure)


def refund_failed(saga_id: str, failure: PaymentRefundFailedPayload) -> PaymentRefundFailed:
    """Report that a requested refund returned no money."""
    return PaymentRefundFailed(correlation_id=saga_id, payload=failure)


def refund_failed_later(
    payment: Payment, failure: PaymentRefundFailedPayload
) -> PaymentRefundFailed:
    """Report that a refund failed after it was reported as successful; unsolicited."""
    return _event(PaymentRefundFailed, payment, failure, failure.stripe_refund_id)


def of_refund(
    failure: OperationFailedPayload, refund_id: str, stripe_refund_id: str | None = None
) -> PaymentRefundFailedPayload:
    """Attach the failure to a refund."""
    return PaymentRefundFailedPayload(
        **failure.model_dump(), refund_id=refund_id, stripe_refund_id=stripe_refund_id
    )


def as_reply(operation: Operation, event: Event) -> Event:
    """Make the event the reply to the command that requested the operation."""
    return event.model_copy(
        update={
            "payload": event.payload.model_copy(update={"attempt": operation.attempt}),
            "message_id": derived_message_id("reply", operation.command_id),
            "causation_id": operation.command_id,
        }
    )


def caused_by(operation: Operation, event: Event) -> Event:
    """Set the event's cause to the cause of the operation, if it has one."""
    return event.model_copy(update={"causation_id": operation.command_id})


def _event(kind: Any, payment: Payment, payload: Any, subject: str | None = None) -> Any:
    event = kind(correlation_id=payment.saga_id, payload=payload)
    message_id = derived_message_id(
        payment.saga_id, event.type, subject or payment.payment_intent_id or "no PaymentIntent"
    )
    return event.model_copy(update={"message_id": message_id})


def _intent_id(payment: Payment) -> str:
    if payment.payment_intent_id is None:
        raise ValueError(f"{payment.saga_id}: {payment.status} without a PaymentIntent")
    return payment.payment_intent_id


def _amount(payment: Payment) -> int:
    if payment.request is None:
        raise ValueError(f"{payment.saga_id}: {payment.status} without an amount")
    return payment.request.amount
