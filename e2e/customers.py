"""People who order: registered with their cards, and patient while a service is away."""

import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import httpx
from saga_cli.api import LIMITS, Api
from saga_demo.cases import CASES, Case
from saga_demo.users import prepare_user, stripe_client
from saga_stack.stack import Stack

T = TypeVar("T")
RESTS = {"authorized", "completed", "needs_attention"}
ENDS = {"rejected", "canceled", "expired", "refunded"}
PATIENCE_SECONDS = 90.0
CLIENTS = 16
# One, as each new one costs 30 ms of CPU.
HTTP = httpx.Client(timeout=10, limits=LIMITS, trust_env=False)


def eventually(look: Callable[[], T], wanted: Callable[[T], bool], seconds: float = 30) -> T:
    """What `look` sees once it is as wanted; the last it saw, if that never happens."""
    deadline = time.monotonic() + seconds
    while not wanted(seen := look()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return seen


def register(stack: Stack, cases: Iterable[Case]) -> dict[str, Case]:
    """A new user for each case. Returns the cases by their user's id."""
    client = stripe_client(stack.settings, stripe_address(stack))
    users = {f"e2e_{uuid.uuid4().hex}": case for case in cases}
    with Api(stack.users_url) as api:
        for user, case in users.items():
            prepare_user(api, user, case, client)
    return users


def stripe_address(stack: Stack) -> str | None:
    """Where the stack's Stripe is; None is Stripe itself."""
    ours = stack.settings.emulated_stripe
    return stack.emulator_url if ours else stack.settings.stripe_api_base


def post_order(stack: Stack, user: str, amount: int = 1299) -> str:
    """Post an order, and insist on it. Returns its id."""
    order = {"clerk_user_id": user, "amount": amount, "description": "Food delivery order"}
    return insist(f"{stack.orders_url}/orders", order)["id"]


def place_orders(
    stack: Stack,
    titles: Sequence[str],
    count: int,
    seconds: float = 30,
    meanwhile: Callable[[], object] = lambda: None,
) -> list[dict[str, Any]]:
    """Place orders with the cards of these cases; let something happen when a third is placed.

    Returns them once they rest or have ended, each as its card says, within so many seconds.
    """
    users = register(stack, [case for case in CASES if case.title in titles])
    names = [list(users)[number % len(users)] for number in range(count)]
    with ThreadPoolExecutor(CLIENTS) as clients:
        posts = [clients.submit(post_order, stack, name) for name in names]
        eventually(lambda: sum(post.done() for post in posts), lambda done: done >= count // 3)
        meanwhile()
        orders = [post.result() for post in posts]
        results = list(clients.map(lambda order: ended(stack, order, seconds), orders))
    wrong = [
        (order["id"], differences)
        for name, order in zip(names, results, strict=True)
        if (differences := users[name].expected.differences(order))
    ]
    assert wrong == []
    return results


def insist(url: str, body: dict[str, Any]) -> dict[str, Any]:
    """Post as a careful client does: with one key, until it is accepted."""
    headers = {"Idempotency-Key": uuid.uuid4().hex}

    def once() -> httpx.Response | None:
        try:
            response = HTTP.post(url, json=body, headers=headers)
        except httpx.TransportError:
            return None
        return response if response.status_code == 202 else None

    response = eventually(once, lambda answer: answer is not None, PATIENCE_SECONDS)
    assert response, f"{url} {body} was never accepted"
    return response.json()


def order_of(stack: Stack, order: str) -> dict[str, Any]:
    return HTTP.get(f"{stack.orders_url}/orders/{order}").raise_for_status().json()


def ended(stack: Stack, order: str, seconds: float = 30) -> dict[str, Any]:
    """The order once it rests or has ended; as it is, if it does not."""
    return reaches(stack, order, *RESTS, *ENDS, seconds=seconds)


def reaches(stack: Stack, order: str, *states: str, seconds: float = 30) -> dict[str, Any]:
    """The order once it is in one of the states; as it is, if that never happens."""
    return eventually(lambda: order_of(stack, order), lambda seen: seen["state"] in states, seconds)


def ask(
    stack: Stack, order: str, verb: str, *, key: str | None = None, **body: Any
) -> httpx.Response:
    """Ask for something to be done with an order: `capture`, `cancel`, `refund`."""
    headers = {"Idempotency-Key": key or str(uuid.uuid4())}
    return HTTP.post(f"{stack.orders_url}/orders/{order}/{verb}", json=body, headers=headers)
