"""What Stripe's answers to captures, cancellations and refunds mean.

The facts are Stripe's: https://docs.stripe.com/error-codes , and what refusals of refunds look
like was seen in test mode: most have no code.
"""

from http import HTTPStatus
from typing import Any, Final

import stripe
from saga_schemas.settlement import SettlementFailureCode
from saga_schemas.values import MAX_ID_LENGTH

from payment_service.model.ports import Unknown
from payment_service.model.stripe_results import Missing, Refused, Returned, Seen
from payment_service.stripe_api.responses import (
    Json,
    capture_before_of,
    refusal_of,
    unknown_of_error,
)

RECHECK: Final = {"charge_expired_for_capture", "capture_charge_authorization_expired"}
"""Codes that say that a hold is over and not how: the PaymentIntent is read again. (unverified)"""

_CODES: Final[dict[str, SettlementFailureCode]] = {
    "amount_too_large": "amount_too_large",
    "charge_already_refunded": "amount_too_large",
    "charge_disputed": "charge_disputed",
}
_FAILED: Final = {"failed", "canceled"}


def seen_of(intent: Json) -> Seen:
    """A PaymentIntent, without its refunds."""
    return Seen(
        str(intent["id"]),
        str(intent["status"]),
        amount=int(intent.get("amount") or 0),
        amount_received=int(intent.get("amount_received") or 0),
        cancellation_reason=intent.get("cancellation_reason"),
        capture_before=capture_before_of(intent),
        amount_refunded=_amount_refunded(intent),
        saga_id=saga_id_of(intent.get("metadata") or {}),
        created=int(intent.get("created") or 0),
    )


def saga_id_of(metadata: Json) -> str:
    """The saga that an object of Stripe belongs to; "" where it names none that can be ours."""
    saga_id = str(metadata.get("saga_id") or "")
    return saga_id if len(saga_id) <= MAX_ID_LENGTH and "\0" not in saga_id else ""


def _amount_refunded(intent: Json) -> int:
    """Of what was captured; a hold that was released counts as refunded at Stripe, too."""
    charge: Any = intent.get("latest_charge")
    captured = isinstance(charge, dict) and charge.get("captured")
    return int(charge.get("amount_refunded") or 0) if captured else 0


def returned_of(refund: Json) -> Returned:
    """A refund; one that is pending is on its way to the cardholder.

    https://docs.stripe.com/api/refunds/object#refund_object-status
    """
    return Returned(
        str(refund["id"]),
        int(refund["amount"]),
        str((refund.get("metadata") or {}).get("refund_id") or ""),
        failed=refund.get("status") in _FAILED,
        failure_reason=refund.get("failure_reason"),
    )


def settled_by_error(error: BaseException) -> Seen | Refused | Unknown:
    """What an error of a capture or a cancellation says.

    One that carries a PaymentIntent whose hold is over says what became of it.
    """
    body = _body(error)
    if body is None or body.get("code") in RECHECK:
        return unknown_of_error(error)
    intent: Any = body.get("payment_intent")
    if isinstance(intent, dict) and (seen := seen_of(intent)).is_over:
        return seen
    return _refused(body)


def refused_by_error(error: BaseException) -> Refused | Unknown:
    """What an error of a refund says."""
    body = _body(error)
    return unknown_of_error(error) if body is None else _refused(body)


def missing_by_error(error: BaseException) -> Missing | Unknown:
    """What an error of a look at a PaymentIntent says."""
    body = _body(error)
    if body is not None and body.get("code") == "resource_missing":
        return Missing(str(body.get("message") or ""))
    return unknown_of_error(error)


def _body(error: BaseException) -> Json | None:
    """The body of a refusal; 404 is one here, for what is missing is named in the path."""
    if isinstance(error, stripe.InvalidRequestError) and error.code == "resource_missing":
        is_missing = error.http_status == HTTPStatus.NOT_FOUND
        if is_missing and isinstance(error.json_body, dict):
            return error.json_body["error"]
    return refusal_of(error)


def _refused(body: Json) -> Refused:
    code = body.get("code")
    meaning = _CODES.get(str(code))
    if meaning is None and body.get("param") == "amount":
        meaning = "amount_too_large"
    return Refused(meaning or "invalid_request", str(body.get("message") or ""), code)
