"""Stripe events, posted as Stripe does."""

import json
import time
from contextlib import asynccontextmanager

import httpx
import pytest
import stripe
from fastapi import FastAPI
from payment_service.problems import PROBLEMS
from payment_service.storage.refresh import Refresher
from payment_service.webhooks.http import webhooks_router
from payment_service.webhooks.receive import WebhookReceiver
from saga_messaging.http.problems import install_problems

SECRET = "whsec_test"
TOLERANCE = 300


class Hook:
    """Post events as Stripe does."""

    def __init__(self, client):
        self._client = client

    async def post(self, event, *, at=None, secret=SECRET, header=None):
        body = event if isinstance(event, str) else json.dumps(event, indent=2)
        sign = stripe.WebhookSignature.generate_signature_header
        signed = sign(body, secret, int(time.time() if at is None else at))
        headers = {"Stripe-Signature": signed if header is None else header}
        return await self._client.post("/webhooks/stripe", content=body, headers=headers)

    async def effects(self, *events):
        responses = [await self.post(event) for event in events]
        return [response.raise_for_status().json()["effect"] for response in responses]


@pytest.fixture
def hooked(world, outbox):
    """Run an executor and the webhook endpoint of its service."""

    @asynccontextmanager
    async def hooked(*secrets):
        secrets = [SECRET] if not secrets else [secret for secret in secrets if secret]
        async with world.executors() as ((executor, _),):
            refresher = Refresher(executor.offer, world.settings.executor_lease_seconds)
            webhooks = WebhookReceiver(world.database, outbox, refresher, 5)
            api = FastAPI()
            install_problems(api, world.settings.max_body_bytes, PROBLEMS)
            api.include_router(webhooks_router(webhooks, secrets, TOLERANCE))
            transport = httpx.ASGITransport(api, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://payment") as client:
                yield executor, Hook(client)

    return hooked


@pytest.fixture
def stripe_event():
    """Build an event."""

    def stripe_event(type_, kind, id_, **fields):
        return {
            "id": f"evt_{type_}_{id_}",
            "object": "event",
            "type": type_,
            "created": 1_789_859_356,
            "data": {"object": {"id": id_, "object": kind, **fields}},
        }

    return stripe_event


@pytest.fixture
def dispute_event(world, stripe_event):
    """Build an event of the dispute dp_1 of a payment."""

    def dispute_event(payment, name="created", status="needs_response", **fields):
        intent_id = world.intent_of(payment)["id"]
        fields = {"amount": 900, "reason": "fraudulent", "payment_intent": intent_id, **fields}
        type_ = f"charge.dispute.{name}"
        return stripe_event(type_, "dispute", "dp_1", status=status, **fields)

    return dispute_event
