"""Orders placed, read and changed through the orders API."""

import uuid
from typing import Any

import httpx
from support.http import HTTP, post_until_accepted
from support.polling import eventually
from support.system import OrdersApi

RESTING = {"authorized", "completed", "needs_attention"}
TERMINAL = {"rejected", "canceled", "expired", "refunded"}


def order_body(user: str, amount: int = 1299) -> dict[str, Any]:
    """Return the body of `POST /orders`; `amount` is in cents."""
    return {"clerk_user_id": user, "amount": amount, "description": "Food delivery order"}


def post_order(system: OrdersApi, user: str, amount: int = 1299) -> str:
    """Post an order until it is accepted; return its id. `amount` is in cents."""
    return post_until_accepted(f"{system.orders_url}/orders", order_body(user, amount))["id"]


def get_order(system: OrdersApi, order: str) -> dict[str, Any]:
    """Return an order as the API shows it."""
    return HTTP.get(f"{system.orders_url}/orders/{order}").raise_for_status().json()


def wait_for_outcome(system: OrdersApi, order: str, seconds: float = 90) -> dict[str, Any]:
    """Return the order once it is in a resting or terminal state, or as it is at the deadline."""
    return wait_for_state(system, order, *RESTING, *TERMINAL, seconds=seconds)


def wait_for_state(
    system: OrdersApi, order: str, *states: str, seconds: float = 90
) -> dict[str, Any]:
    """Return the order once it is in one of the states, or as it is at the deadline."""
    return eventually(
        lambda: _poll_order(system, order), lambda seen: seen["state"] in states, seconds
    )


def _poll_order(system: OrdersApi, order: str) -> dict[str, Any]:
    """Return an order, or the state `unavailable` while the service asks to retry (503)."""
    try:
        return get_order(system, order)
    except httpx.HTTPStatusError as error:
        if error.response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            raise
        return {"id": order, "state": "unavailable"}


def request_action(
    system: OrdersApi, order: str, action: str, *, key: str | None = None, **body: Any
) -> httpx.Response:
    """Request `capture`, `cancel` or `refund` of an order; return the answer, whatever it is."""
    headers = {"Idempotency-Key": key or str(uuid.uuid4())}
    return HTTP.post(f"{system.orders_url}/orders/{order}/{action}", json=body, headers=headers)
