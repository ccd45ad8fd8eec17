"""The HTTP client of the tests."""

import uuid
from typing import Any

import httpx
from saga_cli.api import LIMITS
from support.polling import eventually

RETRY_SECONDS = 90.0
# Shared: creating a client takes 30 ms of CPU.
HTTP = httpx.Client(timeout=10, limits=LIMITS, trust_env=False)


def post_until_accepted(url: str, body: dict[str, Any]) -> dict[str, Any]:
    """Post with one `Idempotency-Key` until the answer is 202; return its body.

    Raises:
        AssertionError: The request was not accepted within `RETRY_SECONDS`.
    """
    headers = {"Idempotency-Key": uuid.uuid4().hex}

    def post() -> httpx.Response | None:
        try:
            response = HTTP.post(url, json=body, headers=headers)
        except httpx.TransportError:
            return None
        return response if response.status_code == 202 else None

    response = eventually(post, lambda answer: answer is not None, RETRY_SECONDS)
    assert response, f"{url} {body} was not accepted within {RETRY_SECONDS:g} s"
    return response.json()
