"""Refusals and faults as problem+json (RFC 9457): `detail`, `code`, and `cure`, what to do."""

from typing import Any, Final

import structlog
from fastapi import FastAPI
from fastapi_problem.error import Problem
from fastapi_problem.handler import new_exception_handler
from starlette.requests import Request

from user_service.domain import Refusal, RefusalCode
from user_service.errors import (
    StripeKeyRefused,
    StripeUnavailable,
    UserServiceError,
    UsersUnavailable,
)

logger = structlog.get_logger(__name__)

RETRY_AFTER_SECONDS: Final = "2"

_STATUS_AND_TITLE: Final[dict[RefusalCode, tuple[int, str]]] = {
    "user_not_found": (404, "There is no such user."),
    "payment_method_missing": (404, "The user has no saved card."),
    "card_declined": (402, "The card was declined."),
    "payment_method_not_found": (422, "Payment method not found."),
    "stripe_customer_missing": (409, "The user has no Stripe customer."),
    "stripe_customer_invalid": (409, "Invalid Stripe Customer ID."),
    "stripe_refused": (422, "Stripe refused the request."),
}
_FAULTS: Final[dict[type[UserServiceError], tuple[str, str]]] = {
    UsersUnavailable: ("database_unavailable", "Nothing was changed. Try again."),
    StripeUnavailable: ("stripe_unavailable", "Nothing was saved. Try again; it is safe."),
    StripeKeyRefused: ("stripe_key_refused", "The operator must set a valid STRIPE_SECRET_KEY."),
}


def problem_of(refusal: Refusal) -> Problem:
    """The problem to raise for a refusal; Stripe's own codes are named where there are any."""
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


def install_faults(api: FastAPI) -> None:
    """Answer this service's errors with 503 and when to try again.

    The operator's log says what was wrong; the caller is told no address and no key.
    """
    handler = new_exception_handler(handlers={UserServiceError: _fault})
    api.add_exception_handler(UserServiceError, handler)


def _fault(_: Any, __: Request, error: UserServiceError) -> Problem:
    code, cure = _FAULTS[type(error)]
    logger.error(code, error=str(error.__cause__))
    return Problem(
        "The service cannot do this now.",
        type_=_type(code),
        detail=str(error),
        status=503,
        headers={"Retry-After": RETRY_AFTER_SECONDS},
        code=code,
        cure=cure,
    )


def _type(code: str) -> str:
    return code.replace("_", "-")
