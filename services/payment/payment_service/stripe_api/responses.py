"""Stripe objects as values: PaymentIntents, refunds, and the errors in their bodies.

Sources: https://docs.stripe.com/error-codes and
https://docs.stripe.com/payments/paymentintents/lifecycle .
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from saga_currencies import from_stripe
from saga_schemas.values import MAX_ID_LENGTH

from payment_service.model.authorization import (
    Authorized,
    Declined,
    InvalidCustomer,
    InvalidRequest,
    MissingReturnUrl,
    NeedsAuthentication,
    NotAuthorized,
    Outcome,
    PaymentMethodNotFound,
)
from payment_service.model.disputes import Dispute
from payment_service.model.ports import Incomplete
from payment_service.model.stripe_results import IntentSnapshot, RefundSnapshot

Json: TypeAlias = Mapping[str, Any]

_REFUNDED: Final = "amount_refunded"
_FAILED_REFUND: Final = {"failed", "canceled"}


def authorization_outcome(intent: Json) -> Outcome | Incomplete:
    """Convert a PaymentIntent. Total over its statuses, including those Stripe may add.

    `succeeded` cannot result from manual capture: the hold was captured by someone, so it existed.
    """
    intent_id, status = str(intent["id"]), str(intent["status"])
    match status:
        case "requires_capture" | "succeeded":
            return Authorized(intent_id, capture_before_of(intent))
        case "requires_action":
            detail = "The PaymentIntent requires authentication by the cardholder."
            return NeedsAuthentication(detail, payment_intent_id=intent_id)
        case "canceled":
            reason = intent.get("cancellation_reason") or "no reason recorded"
            detail = f"The PaymentIntent was canceled at Stripe: {reason}."
            return InvalidRequest(detail, payment_intent_id=intent_id)
        case "requires_payment_method" if error := intent.get("last_payment_error"):
            return failed_outcome(error, intent_id)
        case _:
            return Incomplete(intent_id, status)


def failed_outcome(error: Json, intent_id: str | None) -> NotAuthorized:
    """Convert the body of an error that refuses an authorization."""
    return _outcome_type(error)(
        str(error.get("message") or ""),
        stripe_code=error.get("code"),
        decline_code=error.get("decline_code"),
        advice_code=error.get("advice_code"),
        payment_intent_id=intent_id,
    )


def _outcome_type(error: Json) -> type[NotAuthorized]:
    code, param = error.get("code"), error.get("param")
    if "authentication_required" in {code, error.get("decline_code")}:
        return NeedsAuthentication
    if error.get("type") == "card_error":
        return Declined
    if code == "resource_missing" and param == "customer":
        return InvalidCustomer
    if param == "payment_method" or _belongs_to_another_customer(error):
        return PaymentMethodNotFound
    if param == "return_url" or "return_url" in str(error.get("message")):
        return MissingReturnUrl
    return InvalidRequest


def _belongs_to_another_customer(error: Json) -> bool:
    """Recognize a payment method that the customer may not use.

    Stripe has no code for it and sends it with and without `param`, so the message decides.
    """
    message = str(error.get("message"))
    return (
        "does not have a payment method with the ID" in message
        or "may not be used again" in message
    )


def capture_before_of(intent: Json) -> datetime | None:
    """Return the end of the hold, from the charge if it is expanded and has one."""
    found: Any = intent
    for name in ("latest_charge", "payment_method_details", "card", "capture_before"):
        found = found.get(name) if isinstance(found, Mapping) else None
    return datetime.fromtimestamp(found, UTC) if isinstance(found, int) else None


def intent_snapshot(intent: Json) -> IntentSnapshot:
    """Convert a PaymentIntent, without its refunds."""
    metadata: Json = intent.get("metadata") or {}
    return IntentSnapshot(
        str(intent["id"]),
        str(intent["status"]),
        amount=_amount(intent, "amount"),
        amount_received=_amount(intent, "amount_received"),
        cancellation_reason=intent.get("cancellation_reason"),
        capture_before=capture_before_of(intent),
        amount_refunded=_amount_refunded(intent),
        saga_id=saga_id_of(metadata),
        system=str(metadata.get("system") or ""),
        installation=str(metadata.get("installation") or ""),
        created=int(intent.get("created") or 0),
    )


def saga_id_of(metadata: Json | None) -> str:
    """Return the saga id of a Stripe object; "" if it has none that we could have set."""
    saga_id = str((metadata or {}).get("saga_id") or "")
    return saga_id if len(saga_id) <= MAX_ID_LENGTH and "\0" not in saga_id else ""


def _amount_refunded(intent: Json) -> int:
    """Return the refunded part of a capture; Stripe counts a released hold as refunded, too."""
    charge: Any = intent.get("latest_charge")
    captured = isinstance(charge, dict) and charge.get("captured")
    return _amount({"currency": intent.get("currency"), **charge}, _REFUNDED) if captured else 0


def _amount(found: Json, name: str) -> int:
    """Return an amount of a Stripe object in our unit; 0 if it has none."""
    return from_stripe(int(found.get(name) or 0), str(found.get("currency") or ""))


def dispute_of(dispute: Json) -> Dispute:
    """Convert a dispute."""
    return Dispute(
        str(dispute["id"]),
        dispute.get("payment_intent"),
        _amount(dispute, "amount"),
        str(dispute.get("reason") or ""),
        str(dispute["status"]),
    )


def refund_snapshot(refund: Json) -> RefundSnapshot:
    """Convert a refund; a pending one counts as successful, it is on its way to the cardholder.

    https://docs.stripe.com/api/refunds/object#refund_object-status
    """
    return RefundSnapshot(
        str(refund["id"]),
        _amount(refund, "amount"),
        str((refund.get("metadata") or {}).get("refund_id") or ""),
        failed=refund.get("status") in _FAILED_REFUND,
        failure_reason=refund.get("failure_reason"),
    )
