"""Stripe objects as values: PaymentIntents, refunds, and the errors in their bodies.

Sources: https://docs.stripe.com/error-codes and
https://docs.stripe.com/payments/paymentintents/lifecycle . The conversion of an object that differs
from Stripe's documentation raises a transient `stripe.APIError`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from saga_currencies import from_stripe
from saga_schemas.text import text_of
from saga_schemas.values import FIRST_YEAR, LAST_YEAR
from saga_stripe import readable_response

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
from payment_service.stripe_api.fields import (
    Json,
    error_texts,
    id_of,
    metadata_of,
    saga_id_of,
    status_of,
)

_REFUNDED: Final = "amount_refunded"
_FAILED_REFUND: Final = {"failed", "canceled"}
_FIRST_SECOND: Final = int(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC).timestamp())
_LAST_SECOND: Final = int(datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC).timestamp()) - 1


@readable_response()
def authorization_outcome(intent: Json) -> Outcome | Incomplete:
    """Convert a PaymentIntent. Total over its statuses, including those Stripe may add.

    `succeeded` cannot result from manual capture: the hold was captured by someone, so it existed.
    """
    intent_id, status = id_of(intent), status_of(intent)
    match status:
        case "requires_capture" | "succeeded":
            return Authorized(intent_id, capture_before_of(intent))
        case "requires_action":
            detail = "The PaymentIntent requires authentication by the cardholder."
            return NeedsAuthentication(detail, payment_intent_id=intent_id)
        case "canceled":
            reason = text_of(intent.get("cancellation_reason")) or "no reason recorded"
            detail = f"The PaymentIntent was canceled at Stripe: {reason}."
            return InvalidRequest(detail, payment_intent_id=intent_id)
        case "requires_payment_method" if error := intent.get("last_payment_error"):
            return failed_outcome(error, intent_id)
        case _:
            return Incomplete(intent_id, status)


def failed_outcome(error: Json, intent_id: str | None) -> NotAuthorized:
    """Convert the body of an error that refuses an authorization."""
    texts = error_texts(error)
    return _outcome_type(texts)(
        texts["message"] or "",
        stripe_code=texts["code"],
        decline_code=texts["decline_code"],
        advice_code=texts["advice_code"],
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
    """Return the end of the hold, from the charge if it is expanded and has a plausible one."""
    found: Any = intent
    for name in ("latest_charge", "payment_method_details", "card", "capture_before"):
        found = found.get(name) if isinstance(found, Mapping) else None
    plausible = isinstance(found, int) and _FIRST_SECOND <= found <= _LAST_SECOND
    return datetime.fromtimestamp(found, UTC) if plausible else None


@readable_response()
def intent_snapshot(intent: Json) -> IntentSnapshot:
    """Convert a PaymentIntent, without its refunds."""
    metadata = metadata_of(intent)
    return IntentSnapshot(
        id_of(intent),
        status_of(intent),
        amount=_amount(intent, "amount"),
        amount_received=_amount(intent, "amount_received"),
        cancellation_reason=text_of(intent.get("cancellation_reason")),
        capture_before=capture_before_of(intent),
        amount_refunded=_amount_refunded(intent),
        saga_id=saga_id_of(metadata),
        system=text_of(metadata.get("system")) or "",
        installation=text_of(metadata.get("installation")) or "",
        created=int(intent.get("created") or 0),
    )


def _amount_refunded(intent: Json) -> int:
    """Return the refunded part of a capture; Stripe counts a released hold as refunded, too."""
    charge: Any = intent.get("latest_charge")
    captured = isinstance(charge, dict) and charge.get("captured")
    return _amount({"currency": intent.get("currency"), **charge}, _REFUNDED) if captured else 0


def _amount(found: Json, name: str) -> int:
    """Return an amount of a Stripe object in our unit; 0 if it has none."""
    return from_stripe(int(found.get(name) or 0), str(found.get("currency") or ""))


@readable_response()
def dispute_of(dispute: Json) -> Dispute:
    """Convert a dispute."""
    return Dispute(
        id_of(dispute),
        text_of(dispute.get("payment_intent")),
        _amount(dispute, "amount"),
        text_of(dispute.get("reason")) or "",
        status_of(dispute),
    )


@readable_response()
def refund_snapshot(refund: Json) -> RefundSnapshot:
    """Convert a refund; a pending one counts as successful, it is on its way to the cardholder.

    https://docs.stripe.com/api/refunds/object#refund_object-status
    """
    return RefundSnapshot(
        id_of(refund),
        _amount(refund, "amount"),
        text_of(metadata_of(refund).get("refund_id")) or "",
        failed=refund.get("status") in _FAILED_REFUND,
        failure_reason=text_of(refund.get("failure_reason")),
    )
