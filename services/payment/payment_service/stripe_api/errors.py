"""Errors of Stripe calls as values: a refusal, or a response that is not conclusive.

Sources: https://docs.stripe.com/error-codes , and refusals of refunds as observed in test mode;
most of those have no code.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import aiohttp
import stripe
from saga_schemas.payment_lifecycle import OperationFailureCode
from saga_stripe import is_id, is_transient

from payment_service.errors import describe
from payment_service.model.authorization import NotAuthorized
from payment_service.model.ports import Unknown
from payment_service.model.stripe_results import IntentSnapshot, NotFound, Rejected
from payment_service.stripe_api.fields import Json, error_texts
from payment_service.stripe_api.responses import failed_outcome, intent_snapshot

FAILURES: Final = (stripe.StripeError, aiohttp.ClientError, TimeoutError, OSError)
"""The exceptions of a call: the SDK's, and those that it does not wrap."""

RECHECK: Final = {"charge_expired_for_capture", "capture_charge_authorization_expired"}
"""Codes of a hold that has ended, without saying how: the PaymentIntent is read. (unverified)"""

_CODES: Final[dict[str, OperationFailureCode]] = {
    "amount_too_large": "amount_too_large",
    "charge_already_refunded": "amount_too_large",
    "charge_disputed": "charge_disputed",
}


def authorize_error(error: BaseException) -> NotAuthorized | Unknown:
    """Convert an error of an authorization; only a refusal of the request is an outcome."""
    body = _refusal_body(error)
    if body is not None:
        intent: Any = body.get("payment_intent")
        intent_id = intent.get("id") if isinstance(intent, dict) else None
        return failed_outcome(body, intent_id if is_id(intent_id) else None)
    return unknown(error)


def hold_error(error: BaseException) -> IntentSnapshot | Rejected | Unknown:
    """Convert an error of a capture or a cancellation.

    If the error carries a PaymentIntent whose hold has ended, that is the response.
    """
    body = _operation_refusal(error)
    if body is None or error_texts(body)["code"] in RECHECK:
        return unknown(error)
    intent: Any = body.get("payment_intent")
    try:
        if isinstance(intent, dict) and (snapshot := intent_snapshot(intent)).is_over:
            return snapshot
    except stripe.APIError as unreadable:
        return unknown(unreadable)
    return _rejected(body)


def refund_error(error: BaseException) -> Rejected | Unknown:
    """Convert an error of a refund."""
    body = _operation_refusal(error)
    return unknown(error) if body is None else _rejected(body)


def fetch_error(error: BaseException) -> NotFound | Unknown:
    """Convert an error of reading a PaymentIntent."""
    body = _operation_refusal(error)
    if body is not None and body.get("code") == "resource_missing":
        return NotFound(error_texts(body)["message"] or "")
    return unknown(error)


def unknown(error: BaseException) -> Unknown:
    """Convert an error that does not tell whether the request took effect."""
    return Unknown(
        describe(error),
        retryable=is_transient(error) and not _is_replayed_failure(error),
        retry_after_seconds=_retry_after(error),
    )


def _operation_refusal(error: BaseException) -> Json | None:
    """Return the body of a refusal; 404 is one here, because the path names the object."""
    if isinstance(error, stripe.InvalidRequestError) and error.code == "resource_missing":
        is_missing = error.http_status == HTTPStatus.NOT_FOUND
        if is_missing:
            return _body_of(error)
    return _refusal_body(error)


def _refusal_body(error: BaseException) -> Json | None:
    """Return the body of an error that refuses the request, however often it is sent."""
    if isinstance(error, stripe.StripeError) and _is_refusal(error) and not is_transient(error):
        return _body_of(error)
    return None


def _body_of(error: stripe.StripeError) -> Json:
    body: Any = error.json_body
    refusal = body.get("error") if isinstance(body, dict) else None
    return refusal if isinstance(refusal, dict) else {}


def _is_refusal(error: stripe.StripeError) -> bool:
    """Return True if Stripe refused the request, not our key (401, 403) or the path (404)."""
    if isinstance(error, stripe.InvalidRequestError):
        return error.http_status == HTTPStatus.BAD_REQUEST
    return isinstance(error, stripe.CardError)


def _rejected(body: Json) -> Rejected:
    texts = error_texts(body)
    code = _CODES.get(texts["code"] or "")
    if code is None and texts["param"] == "amount":
        code = "amount_too_large"
    return Rejected(code or "invalid_request", texts["message"] or "", texts["code"])


def _is_replayed_failure(error: BaseException) -> bool:
    """Return True if Stripe replayed a stored failure, which a retry cannot change.

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
