"""The events that are sent: replies to commands, and facts that nobody asked for.

A reply carries the attempt of the command that it answers, and has an id derived from that
command: answered again, it is the same message. A fact carries no attempt, and its id is derived
from what it is about: however often and from wherever it is noticed, it is one message.
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
from saga_schemas.settlement import (
    AuthorizationExpiredPayload,
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
    SettlementFailedPayload,
)

from payment_service.model.failures import settlement_failure
from payment_service.model.operations import Kind, Operation
from payment_service.model.payment import KnownPayment, Refund
from payment_service.model.stripe_results import Refused

Event: TypeAlias = Envelope

_FAILED: Final[dict[Kind, type[PaymentCaptureFailed] | type[PaymentCancelFailed]]] = {
    Kind.CAPTURE: PaymentCaptureFailed,
    Kind.CANCEL: PaymentCancelFailed,
}


def authorized(known: KnownPayment) -> PaymentAuthorized:
    """The amount is held."""
    payload = PaymentAuthorizedPayload(
        payment_intent_id=_intent_id(known),
        amount=_amount(known),
        currency=known.currency,
        capture_before=known.capture_before,
    )
    return _event(PaymentAuthorized, known, payload)


def failed(known: KnownPayment, failure: PaymentFailedPayload) -> PaymentFailed:
    """Nothing is held, and nothing will be."""
    return _event(PaymentFailed, known, failure)


def captured(known: KnownPayment) -> PaymentCaptured:
    """A part of the hold was taken, the rest is released."""
    payload = PaymentCapturedPayload(
        payment_intent_id=_intent_id(known), amount=known.captured, currency=known.currency
    )
    return _event(PaymentCaptured, known, payload)


def canceled(known: KnownPayment) -> PaymentCanceled:
    """The hold is released, or there never was one."""
    payload = PaymentCanceledPayload(
        payment_intent_id=known.payment_intent_id,
        released=known.released,
        currency=known.currency,
    )
    return _event(PaymentCanceled, known, payload)


def expired(known: KnownPayment) -> PaymentAuthorizationExpired:
    """Nobody captured the hold in time."""
    payload = AuthorizationExpiredPayload(
        payment_intent_id=_intent_id(known), released=known.released, currency=known.currency
    )
    return _event(PaymentAuthorizationExpired, known, payload)


def refunded(known: KnownPayment, refund: Refund) -> PaymentRefunded:
    """Money was given back; by whom, the refund's id says."""
    stripe_refund_id = refund.stripe_refund_id or refund.refund_id
    by_hand = refund.refund_id == stripe_refund_id
    payload = PaymentRefundedPayload(
        refund_id=None if by_hand else refund.refund_id,
        stripe_refund_id=stripe_refund_id,
        amount=refund.amount,
        currency=known.currency,
    )
    return _event(PaymentRefunded, known, payload, stripe_refund_id)


def disputed(known: KnownPayment, dispute_id: str, amount: int, reason: str) -> PaymentDisputed:
    """The cardholder's bank wants money back."""
    payload = PaymentDisputedPayload(
        dispute_id=dispute_id, amount=amount, currency=known.currency, reason=reason
    )
    return _event(PaymentDisputed, known, payload, dispute_id)


def refused(saga_id: str, operation: Operation, refused: Refused, intent_id: str | None) -> Event:
    """The operation changed nothing, and why."""
    failure = settlement_failure(refused, intent_id)
    if operation.kind is Kind.REFUND:
        return refund_failed(saga_id, refund_failure(failure, operation.refund_id))
    return _FAILED[operation.kind](correlation_id=saga_id, payload=failure)


def refund_failed(saga_id: str, failure: PaymentRefundFailedPayload) -> PaymentRefundFailed:
    """Nothing was given back by this refund, and why."""
    return PaymentRefundFailed(correlation_id=saga_id, payload=failure)


def refund_lost(known: KnownPayment, failure: PaymentRefundFailedPayload) -> PaymentRefundFailed:
    """A refund that was told has failed since, which nobody asked for."""
    return _event(PaymentRefundFailed, known, failure, failure.stripe_refund_id)


def refund_failure(
    failure: SettlementFailedPayload, refund_id: str, stripe_refund_id: str | None = None
) -> PaymentRefundFailedPayload:
    """The failure, as one of this refund."""
    return PaymentRefundFailedPayload(
        **failure.model_dump(), refund_id=refund_id, stripe_refund_id=stripe_refund_id
    )


def answering(operation: Operation, event: Event) -> Event:
    """The event as the reply to the command that asked for the operation."""
    return event.model_copy(
        update={
            "payload": event.payload.model_copy(update={"attempt": operation.attempt}),
            "message_id": derived_message_id("reply", operation.command_id),
            "causation_id": operation.command_id,
        }
    )


def caused_by(operation: Operation, fact: Event) -> Event:
    """The fact, with what had the payment looked at, where that has an id."""
    return fact.model_copy(update={"causation_id": operation.command_id})


def _event(kind: Any, known: KnownPayment, payload: Any, about: str | None = None) -> Any:
    event = kind(correlation_id=known.saga_id, payload=payload)
    message_id = derived_message_id(
        known.saga_id, event.type, about or known.payment_intent_id or "no PaymentIntent"
    )
    return event.model_copy(update={"message_id": message_id})


def _intent_id(known: KnownPayment) -> str:
    if known.payment_intent_id is None:
        raise ValueError(f"{known.saga_id} is {known.status} without a PaymentIntent")
    return known.payment_intent_id


def _amount(known: KnownPayment) -> int:
    if known.payment is None:
        raise ValueError(f"{known.saga_id} is {known.status} without an amount")
    return known.payment.amount
