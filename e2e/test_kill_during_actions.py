"""`kill -9` of payment, of the saga and of both while orders are captured, canceled and refunded.

Each action reaches Stripe once, whichever process dies; clients retry until they are answered.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx
import pytest
from saga_stack.stack import Stack
from support.databases import rows
from support.http import RETRY_SECONDS, post_until_accepted
from support.invariants import violations_at_rest
from support.orders import get_order, post_order, wait_for_outcome
from support.polling import eventually
from support.stacks import order_count, stack_settings
from support.stripe_account import stripe_ledger
from support.users import register_user

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(240)]

AMOUNT = 1299
ORDERS_OF_A_KIND = order_count(16, external=4)
MOVING = ("capturing", "canceling", "refunding")
MOVING_ORDERS = "SELECT id FROM sagas WHERE state IN ('capturing', 'canceling', 'refunding')"
KINDS = ("holds", "captures", "refunds", "releases")


@dataclass(frozen=True)
class Scenario:
    """Actions requested one after the other, and where they lead. Amounts are in cents.

    Attributes:
        actions: Each action with its amount; None is the full amount.
        state: The state of the order at the end.
        captures: The captures at Stripe.
        refunds: The refunds at Stripe.
        releases: The releases of held amounts at Stripe.
    """

    actions: tuple[tuple[str, int | None], ...]
    state: str
    captures: tuple[int, ...] = ()
    refunds: tuple[int, ...] = ()
    releases: tuple[int, ...] = ()


FULL, PARTIAL = (AMOUNT,), (1000,)
SCENARIOS = (
    Scenario((("capture", None),), "completed", FULL),
    Scenario((("capture", 1000),), "completed", PARTIAL, releases=(299,)),
    Scenario((("cancel", None),), "canceled", releases=FULL),
    Scenario((("capture", None), ("refund", None)), "refunded", FULL, FULL),
    Scenario((("capture", None), ("refund", 300), ("refund", 200)), "completed", FULL, (300, 200)),
    Scenario((("capture", 1000), ("cancel", None)), "refunded", PARTIAL, PARTIAL, releases=(299,)),
)


@pytest.fixture(scope="module")
def started_stack(module_folder):
    with Stack(stack_settings(module_folder)) as stack:
        yield stack


@pytest.mark.parametrize(
    "victims", [("payment",), ("order_saga",), ("payment", "order_saga")], ids="+".join
)
def test_actions_take_effect_once_when_services_are_killed(started_stack, victims):
    stack, scenarios = started_stack, SCENARIOS * ORDERS_OF_A_KIND
    user = register_user(stack, "visa")
    with ThreadPoolExecutor(16) as clients:
        orders = list(clients.map(lambda _: post_order(stack, user, AMOUNT), scenarios))
        assert {wait_for_outcome(stack, order)["state"] for order in orders} == {"authorized"}
        runs = [
            clients.submit(run_scenario, stack, *pair)
            for pair in zip(orders, scenarios, strict=True)
        ]
        quarter = len(scenarios) // 4
        eventually(lambda: sum(run.done() for run in runs), lambda done: done > quarter)
        for victim in victims:
            stack.kill(victim)
        assert rows(stack, "order_saga", MOVING_ORDERS), "nothing was interrupted"
        for victim in victims:
            stack.start(victim)
        outcomes = [run.result() for run in runs]
    assert outcomes == [(s.state, sum(s.captures), sum(s.refunds)) for s in scenarios]
    assert violations_at_rest(stack) == []
    assert amounts_at_stripe(stack, orders) == [
        {
            "holds": FULL,
            "captures": scenario.captures,
            "refunds": scenario.refunds,
            "releases": scenario.releases,
            "held": 0,
        }
        for scenario in scenarios
    ]


def run_scenario(stack, order, scenario):
    """Request the actions one after the other; return the order's state and amounts at the end."""
    seen = {}
    for action, amount in scenario.actions:
        body = {"amount": amount} if amount else {}
        post_until_accepted(f"{stack.orders_url}/orders/{order}/{action}", body)
        seen = eventually(lambda: order_at_rest(stack, order), bool, RETRY_SECONDS)
    return seen and (seen["state"], seen["captured"], seen["refunded"])


def order_at_rest(stack, order):
    """Return the order, or None while an action is under way or the service does not answer."""
    try:
        seen = get_order(stack, order)
    except httpx.HTTPError:
        return None
    return None if seen["state"] in MOVING else seen


def amounts_at_stripe(stack, orders):
    """Return every amount that Stripe moved for these orders, in the order of the list."""
    lines = {line["metadata"]["saga_id"]: line for line in stripe_ledger(stack)["payment_intents"]}
    return [
        {kind: tuple(entry["amount"] for entry in lines[order][kind]) for kind in KINDS}
        | {"held": lines[order]["held"]}
        for order in orders
    ]
