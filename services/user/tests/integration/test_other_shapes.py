"""Responses of Stripe of another shape than documented: Stripe is unavailable, and is retried."""

import json

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from user_service.errors import StripeUnavailable

CUSTOMER = {"id": "cus_1", "object": "customer"}
METHOD = {"id": "pm_1", "object": "payment_method", "type": "card", "customer": None}

OTHER_SHAPES = [
    (200, {}),
    (200, []),
    (200, {"object": "list", "data": []}),
    (200, {"object": "customer"}),
    (200, {"object": "customer", "id": 5}),
    (200, {"object": "customer", "id": "c" * 256}),
    (200, {"object": "customer", "id": "cus_\0"}),
    (200, {"object": "customer", "id": "cus_\ud800"}),
    (200, {"object": ["customer"], "id": "cus_1"}),
    (200, {"object": "payment_intent", "id": "pi_1"}),
    (302, {}),
    (307, {}),
    (400, {"error": None}),
    (400, {"error": "no"}),
    (400, {"error": []}),
]


class Stripe:
    """A server that returns the given responses in order, then the last one again."""

    def __init__(self):
        self.responses, self.requests = [], []

    async def handle(self, request):
        self.requests.append((request.method, request.path, request.headers.get("Idempotency-Key")))
        status, body = self.responses[0] if len(self.responses) == 1 else self.responses.pop(0)
        headers = {"Location": "/v1/customers"} if 300 <= status < 400 else {}
        text = json.dumps(body)
        return web.Response(
            status=status, text=text, headers=headers, content_type="application/json"
        )


@pytest.fixture
async def stripe():
    stripe = Stripe()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", stripe.handle)
    async with TestServer(app) as running:
        stripe.url = str(running.make_url("")).rstrip("/")
        yield stripe


@pytest.fixture
def gateway(gateway_with, stripe):
    return gateway_with(stripe_api_base=stripe.url, stripe_tries=3)


@pytest.mark.parametrize(("status", "body"), OTHER_SHAPES)
async def test_a_response_of_another_shape_is_stripe_unavailable(gateway, stripe, status, body):
    stripe.responses = [(status, body)]

    with pytest.raises(StripeUnavailable):
        await gateway.create_customer("user_1")

    assert len(stripe.requests) == 3
    assert len(set(stripe.requests)) == 1  # the same method and key: a redirect is not followed


@pytest.mark.parametrize(("status", "body"), OTHER_SHAPES)
async def test_one_response_of_another_shape_is_retried(gateway, stripe, status, body):
    stripe.responses = [(status, body), (200, CUSTOMER)]

    assert await gateway.create_customer("user_1") == "cus_1"


async def test_a_refusal_whose_text_cannot_be_encoded_is_a_refusal(gateway, stripe):
    error = {"type": "card_error", "message": "x\ud800y\0", "code": 5, "advice_code": ["no"]}
    stripe.responses = [(402, {"error": error})]

    refusal = await gateway.create_customer("user_1")

    assert (refusal.code, refusal.message, refusal.stripe_code, refusal.advice_code) == (
        "card_declined", "x?y\ufffd", None, None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("card", "saved"),
    [
        ({"brand": "visa", "last4": "4242"}, ("visa", "4242")),
        ({"brand": "x\ud800", "last4": 4242}, ("x?", None)),
        ({}, (None, None)),
        ("card_1", ("card", None)),
    ],
)
async def test_a_card_of_another_shape_has_only_what_can_be_read(gateway, stripe, card, saved):
    stripe.responses = [(200, {**METHOD, "card": card})]

    found = await gateway.look_up_card("pm_1")

    assert (found.card_type, found.last_four) == saved
