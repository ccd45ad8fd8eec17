"""Which errors of a call to Stripe leave its outcome unknown."""

from http import HTTPStatus

import aiohttp
import stripe


def is_transient(error: BaseException) -> bool:
    """Whether the same call with the same idempotency key may be tried again.

    409, 429, 500 and up and lost connections, unless Stripe says otherwise:
    https://docs.stripe.com/error-low-level . aiohttp's own errors reach us unwrapped.
    """
    if isinstance(error, (aiohttp.ClientError, TimeoutError, OSError, stripe.APIConnectionError)):
        return True
    if not isinstance(error, stripe.StripeError):
        return False
    advice = (error.headers or {}).get("stripe-should-retry")
    if advice in {"true", "false"}:
        return advice == "true"
    status = error.http_status or 0
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in {
        HTTPStatus.CONFLICT,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
