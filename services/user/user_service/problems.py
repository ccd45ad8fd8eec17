"""HTTP problems (RFC 9457) of the service's errors, each with a `code` and a `cure`."""

from collections.abc import Mapping
from typing import Any, Final

import structlog
from fastapi_problem.error import Problem
from saga_messaging.http.problems import Handler
from starlette.requests import Request

from user_service.domain import RefusalCode
from user_service.errors import (
    RequestRefused,
    StripeKeyRefused,
    StripeUnavailable,
    UserServiceError,
    UsersUnavailable,
)

logger = structlog.get_logger(__name__)

RETRY_AFTER_SECONDS: Final = "2"

_STATUS_AND_TITLE: Final[dict[RefusalCode, tuple[int, str]]] = {
    "user_not_found": (404, "User not found."),
    "payment_method_missing": (404, "No saved card."),
    "card_declined": (402, "Card declined."),
    "payment_method_not_found": (422, "Payment method not found."),
    "stripe_customer_missing": (409, "No Stripe customer."),
    "stripe_customer_invalid": (409, "Invalid Stripe Customer ID."),
    "stripe_refused": (422, "Request refused by Stripe."),
}


def _refused(_: Any, __: Request, error: RequestRefused) -> Problem:
    refusal = error.refusal
    status, title = _STATUS_AND_TITLE[refusal.code]
    stripe_codes = {
        name: value
        for name in ("stripe_code", "decline_code", "advice_code")
        if (value := getattr(refusal, name)) is not None
    }
    return Problem(
        title,
        type_=_type(refusal.code),
        detail=refusal.message,
        status=status,
        code=refusal.code,
        cure=refusal.cure,
        **stripe_codes,
    )


def _unavailable(code: str, cure: str) -> Handler:
    """Return a handler that logs the error's cause, which the caller must not see."""

    def handler(_: Any, __: Request, error: UserServiceError) -> Problem:
        logger.error(code, error=str(error.__cause__))
        return Problem(
            "Service temporarily unavailable.",
            type_=_type(code),
            detail=str(error),
            status=503,
            headers={"Retry-After": RETRY_AFTER_SECONDS},
            code=code,
            cure=cure,
        )

    return handler


def _type(code: str) -> str:
    return code.replace("_", "-")


PROBLEMS: Final[Mapping[type[Exception], Handler]] = {
    RequestRefused: _refused,
    UsersUnavailable: _unavailable(
        "database_unavailable", "The change may be stored. Retry; repeating the request is safe."
    ),
    StripeUnavailable: _unavailable(
        "stripe_unavailable", "Nothing was saved. Retry; repeating the request is safe."
    ),
    StripeKeyRefused: _unavailable(
        "stripe_key_refused",
        "The operator must set a valid STRIPE_SECRET_KEY and restart the service.",
    ),
}
