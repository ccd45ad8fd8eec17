import json

import pytest
import stripe
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import ValidationError
from saga_stripe import StripeSettings, is_transient, stripe_client, stripe_http

CUSTOMER = {"id": "cus_1", "object": "customer"}


class FakeStripe:
    """A server that returns the given responses, and records the requests."""

    def __init__(self):
        self.responses = []
        self.requests = []

    async def handle(self, request):
        self.requests.append(request)
        status, body = self.responses.pop(0) if self.responses else (200, json.dumps(CUSTOMER))
        headers = {"Location": "/elsewhere"} if 300 <= status < 400 else {}
        return web.Response(
            status=status, text=body, headers=headers, content_type="application/json"
        )


@pytest.fixture
async def server():
    fake = FakeStripe()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", fake.handle)
    async with TestServer(app) as running:
        fake.url = str(running.make_url("")).rstrip("/")
        yield fake


@pytest.fixture
async def client(server):
    settings = StripeSettings(stripe_secret_key="sk_test_1", stripe_api_base=server.url)
    http = stripe_http(settings)
    yield stripe_client(settings, http)
    await http.close_async()


async def test_the_client_calls_the_configured_address(client, server):
    assert (await client.v1.customers.create_async({"email": "a@example.com"})).id == "cus_1"
    assert server.requests[0].headers["Authorization"] == "Bearer sk_test_1"


@pytest.mark.parametrize("status", [409, 429, 500])
async def test_the_client_does_not_retry(client, server, status):
    server.responses = [(status, json.dumps({"error": {"message": "No."}}))]

    with pytest.raises(stripe.StripeError) as raised:
        await client.v1.customers.create_async({})

    assert is_transient(raised.value)
    assert len(server.requests) == 1


async def test_a_response_that_is_not_json_is_transient(client, server):
    server.responses = [(200, "<html>")]

    with pytest.raises(stripe.APIError) as raised:
        await client.v1.customers.create_async({})

    assert is_transient(raised.value)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed_and_is_transient(client, server, status):
    server.responses = [(status, json.dumps(CUSTOMER))]

    with pytest.raises(stripe.APIError) as raised:
        await client.v1.customers.create_async({})

    assert is_transient(raised.value)
    assert [(each.method, each.path) for each in server.requests] == [("POST", "/v1/customers")]


async def test_the_client_sends_no_telemetry(client, server):
    for _ in range(2):
        await client.v1.customers.create_async({})

    assert not any("X-Stripe-Client-Telemetry" in each.headers for each in server.requests)


async def test_a_slow_response_exceeds_the_timeout(server):
    settings = StripeSettings(
        stripe_secret_key="sk_test_1", stripe_api_base=server.url, stripe_timeout_seconds=0.000_1
    )
    http = stripe_http(settings)

    with pytest.raises((stripe.APIConnectionError, TimeoutError)) as raised:
        await stripe_client(settings, http).v1.customers.create_async({})

    assert is_transient(raised.value)
    await http.close_async()


@pytest.mark.parametrize("key", ["sk_live_1", "rk_live_1", "pk_test_1", "", "secret"])
def test_a_key_other_than_a_test_key_is_rejected_and_not_shown(key):
    with pytest.raises(ValidationError, match="only a test mode key") as raised:
        StripeSettings(stripe_secret_key=key)

    assert not key or f"'{key}'" not in str(raised.value)


@pytest.mark.parametrize("key", ["sk_test_1", "rk_test_1"])
def test_a_test_key_is_accepted_and_not_shown(key):
    settings = StripeSettings(stripe_secret_key=key)

    assert key not in repr(settings)
