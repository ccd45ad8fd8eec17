"""The problem of each error: its status and `type` are part of the API."""

import httpx
import pytest
from fastapi import FastAPI
from payment_service.errors import (
    InvalidWebhook,
    PaymentNotFound,
    StripeUnreadable,
    WebhooksNotConfigured,
)
from payment_service.problems import PROBLEMS
from saga_messaging.http.problems import install_problems


@pytest.mark.parametrize(
    ("error", "status", "type_"),
    [
        (PaymentNotFound, 404, "payment-not-found"),
        (InvalidWebhook, 400, "unacceptable-webhook"),
        (WebhooksNotConfigured, 503, "no-webhook-secret"),
        (StripeUnreadable, 503, "service-unavailable"),
    ],
)
async def test_an_error_becomes_its_problem(error, status, type_):
    api = FastAPI()
    install_problems(api, 1_000, PROBLEMS)

    @api.get("/")
    async def fail():
        raise error("saga-1 {braces}")

    transport = httpx.ASGITransport(api)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        response = await client.get("/")

    assert (response.status_code, response.json()["type"]) == (status, type_)
    assert response.headers["content-type"] == "application/problem+json"
    assert "saga-1 {braces}" in response.json()["detail"]
