"""Which errors of a call to Stripe leave its outcome unknown."""

from http import HTTPStatus

import aiohttp
import stripe


def is_transient(error: BaseException) -> bool:
    """Whether the same call with the same idempotency key may be tried again.

    409, 429, 500 and up, lost connections and answers that cannot be read, unless Stripe says
    otherwise: https://docs.stripe.com/error-low-level . aiohttp's own errors reach us unwrapped.

    False does not say that nothing happened: a 500 that Stripe advises not to repeat may have
    come after the work.
    """
    if isinstance(error, (aiohttp.ClientError, TimeoutError, OSError, stripe.APIConnectionError)):
        return True
    if not isinstance(error, stripe.StripeError):
        return False
    advice = (error.headers or {}).get("stripe-should-retry")
    if advice in {"true", "false"}:
        return advice == "true"
    status = error.http_status or 0
    unreadable = HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
    return (
        unreadable
        or status >= HTTPStatus.INTERNAL_SERVER_ERROR
        or status in {HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS}
    )
