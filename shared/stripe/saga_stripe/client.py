"""The SDK's client, with explicit timeouts, retries and telemetry."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import stripe

from saga_stripe.settings import StripeSettings


class _HTTPClient(stripe.AIOHTTPClient):
    """The SDK's client on aiohttp, without redirects.

    Stripe's API never redirects, and aiohttp repeats a POST that is redirected as a GET.
    """

    def _get_request_args_kwargs(self, *args: Any, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
        positional, keywords = super()._get_request_args_kwargs(*args, **kwargs)
        return positional, {**keywords, "allow_redirects": False}


def stripe_http(settings: StripeSettings) -> stripe.HTTPClient:
    """Return the HTTP client of one event loop; `running_stripe` closes it."""
    return _HTTPClient(timeout=settings.stripe_timeout_seconds)


@asynccontextmanager
async def running_stripe(http: stripe.HTTPClient) -> AsyncGenerator[None]:
    """Close the connections to Stripe on exit."""
    try:
        yield
    finally:
        await http.close_async()


def stripe_client(
    settings: StripeSettings, http: stripe.HTTPClient | None = None
) -> stripe.StripeClient:
    """Return a client for `_async` calls, on aiohttp, to be used on one event loop.

    The client does not retry: the caller decides what to retry, and for how long.
    """
    stripe.enable_telemetry = False  # its header would differ from call to call
    return stripe.StripeClient(
        settings.stripe_secret_key.get_secret_value(),
        base_addresses={"api": settings.stripe_api_base} if settings.stripe_api_base else {},
        http_client=http or stripe_http(settings),
        max_network_retries=0,
    )
