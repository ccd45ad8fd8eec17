"""What Stripe's answers mean: every PaymentIntent and every error becomes a value.

The facts are Stripe's: https://docs.stripe.com/error-codes and
https://docs.stripe.com/payments/paymentintents/lifecycle .
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, TypeAlias

import stripe
from saga_stripe import is_transient

from payment_service.errors import describe
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
from payment_service.model.ports import Open, Unknown

Json: TypeAlias = Mapping[str, Any]


def outcome_of_intent(intent: Json) -> Outcome | Open:
    """What a PaymentIntent says; total over its statuses, those included that Stripe may add.

    `succeeded` cannot come of manual capture: someone captured the hold, so it did stand.
    """
    intent_id, status = str(intent["id"]), str(intent["status"])
    match status:
        case "requires_capture" | "succeeded":
            return Authorized(intent_id, capture_before_of(intent))
        case "requires_action":
            detail = "The PaymentIntent waits for the cardholder's authentication."
            return NeedsAuthentication(detail, payment_intent_id=intent_id)
        case "canceled":
            reason = intent.get("cancellation_reason") or "no reason given"
            detail = f"The PaymentIntent was canceled at Stripe: {reason}."
            return InvalidRequest(detail, payment_intent_id=intent_id)
        case "requires_payment_method" if refusal := intent.get("last_payment_error"):
            return _refusal(refusal, intent_id)
        case _:
            return Open(intent_id, status)


def answer_of_error(error: BaseException) -> NotAuthorized | Unknown:
    """What an error of a call says; only a refusal of the request itself is an outcome."""
    body = refusal_of(error)
    if body is not None:
        intent: Json = body.get("payment_intent") or {}
        return _refusal(body, intent.get("id"))
    return unknown_of_error(error)


def refusal_of(error: BaseException) -> Json | None:
    """The body of an error that refuses the request itself, whatever is tried again."""
    if isinstance(error, stripe.StripeError) and _is_refusal(error) and not is_transient(error):
        return error.json_body["error"] if isinstance(error.json_body, dict) else {}
    return None


def unknown_of_error(error: BaseException) -> Unknown:
    """An error that says nothing of what became of the request."""
    return Unknown(
        describe(error),
        repeat=is_transient(error) and not _replayed_failure(error),
        retry_after_seconds=_retry_after(error),
    )


def _is_refusal(error: stripe.StripeError) -> bool:
    """Whether Stripe refused this request, rather than our key (401, 403) or address (404)."""
    if isinstance(error, stripe.InvalidRequestError):
        return error.http_status == HTTPStatus.BAD_REQUEST
    return isinstance(error, stripe.CardError)


def _refusal(error: Json, intent_id: str | None) -> NotAuthorized:
    return _meaning(error)(
        str(error.get("message") or ""),
        stripe_code=error.get("code"),
        decline_code=error.get("decline_code"),
        advice_code=error.get("advice_code"),
        payment_intent_id=intent_id,
    )


def _meaning(error: Json) -> type[NotAuthorized]:
    code, param = error.get("code"), error.get("param")
    if "authentication_required" in {code, error.get("decline_code")}:
        return NeedsAuthentication
    if error.get("type") == "card_error":
        return Declined
    if code == "resource_missing" and param == "customer":
        return InvalidCustomer
    if param == "payment_method" or _of_another_customer(error):
        return PaymentMethodNotFound
    if param == "return_url" or "return_url" in str(error.get("message")):
        return MissingReturnUrl
    return InvalidRequest


def _of_another_customer(error: Json) -> bool:
    """Stripe's words for a payment method that the customer may not use; it has no code for it.

    Seen with and without `param`, so the words count.
    """
    message = str(error.get("message"))
    return (
        "does not have a payment method with the ID" in message
        or "may not be used again" in message
    )


def capture_before_of(intent: Json) -> datetime | None:
    """When the hold expires: of the charge, where it came expanded and Stripe said so."""
    found: Any = intent
    for name in ("latest_charge", "payment_method_details", "card", "capture_before"):
        found = found.get(name) if isinstance(found, Mapping) else None
    return datetime.fromtimestamp(found, UTC) if isinstance(found, int) else None


def _replayed_failure(error: BaseException) -> bool:
    """Whether Stripe gave a kept answer again: asking once more cannot change it.

    https://docs.stripe.com/error-low-level#idempotency
    """
    if not isinstance(error, stripe.StripeError):
        return False
    failed = (error.http_status or 0) >= HTTPStatus.INTERNAL_SERVER_ERROR
    return failed and _headers(error).get("idempotent-replayed") == "true"


def _retry_after(error: BaseException) -> float:
    seconds = _headers(error).get("retry-after", "")
    return float(seconds) if seconds.isdecimal() else 0.0


def _headers(error: BaseException) -> Mapping[str, str]:
    return (error.headers or {}) if isinstance(error, stripe.StripeError) else {}
