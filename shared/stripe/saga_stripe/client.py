"""The SDK's client, with every default that matters set on purpose."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import stripe

from saga_stripe.settings import StripeSettings


def stripe_http(settings: StripeSettings) -> stripe.HTTPClient:
    """The connections to Stripe, of one event loop; `running_stripe` closes them."""
    return stripe.AIOHTTPClient(timeout=settings.stripe_timeout_seconds)


@asynccontextmanager
async def running_stripe(http: stripe.HTTPClient) -> AsyncGenerator[None]:
    """The connections to Stripe, closed at the end."""
    try:
        yield
    finally:
        await http.close_async()


def stripe_client(
    settings: StripeSettings, http: stripe.HTTPClient | None = None
) -> stripe.StripeClient:
    """A client for `client.v1.….…_async` calls, on aiohttp, to be used on one event loop.

    It retries nothing by itself: who calls decides what may be tried again, and for how long.
    """
    stripe.enable_telemetry = False  # it would add a header that differs from call to call
    return stripe.StripeClient(
        settings.stripe_secret_key.get_secret_value(),
        base_addresses={"api": settings.stripe_api_base} if settings.stripe_api_base else {},
        http_client=http or stripe_http(settings),
        max_network_retries=0,
    )
