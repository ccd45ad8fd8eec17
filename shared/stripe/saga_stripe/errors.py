"""Classification of the errors of a Stripe call."""

from http import HTTPStatus

import aiohttp
import stripe


def is_transient(error: BaseException) -> bool:
    """Return True if the same call, with the same idempotency key, may be retried.

    Transient are 409, 429, 500 and above, lost connections, redirects (Stripe sends none) and
    unreadable responses, unless the `stripe-should-retry` header says otherwise:
    https://docs.stripe.com/error-low-level . The SDK does not wrap aiohttp's own errors.

    False does not mean that the call had no effect: Stripe may have applied it before a 500 that
    it advises not to retry.
    """
    if isinstance(error, (aiohttp.ClientError, TimeoutError, OSError, stripe.APIConnectionError)):
        return True
    if not isinstance(error, stripe.StripeError):
        return False
    advice = (error.headers or {}).get("stripe-should-retry")
    if advice in {"true", "false"}:
        return advice == "true"
    status = error.http_status or 0
    unreadable = HTTPStatus.OK <= status < HTTPStatus.BAD_REQUEST
    return (
        unreadable
        or status >= HTTPStatus.INTERNAL_SERVER_ERROR
        or status in {HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS}
    )
