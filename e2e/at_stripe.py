"""Stripe as the tests see it: the emulator of a stack, or one that is not ours.

With STRIPE_SECRET_KEY=sk_test_… that is Stripe's own test mode (or what STRIPE_API_BASE names): it
has no clock that we could move, makes no fault that we ask for, takes 25 requests a second, and its
webhooks do not reach this machine. What happened there is read through its API.
"""

import os
import time
import uuid
from pathlib import Path
from typing import Any

import stripe
from customers import HTTP, stripe_address
from saga_demo.users import stripe_client
from saga_stack.settings import StackSettings, with_environment
from saga_stack.stack import Stack

FOREIGN = "STRIPE_SECRET_KEY" in os.environ
PAGE = 100
LONGEST_RUN_SECONDS = 3600


def settings_for(folder: Path, **chosen: Any) -> StackSettings:
    """A stack of our own, whose Stripe and Kafka are those of the environment, if it names any.

    Topics have a prefix, and PaymentIntents are marked: others may use the same cluster and the
    same account at the same time.
    """
    own = {"STRIPE_SYSTEM": f"e2e-{uuid.uuid4().hex}", **chosen.pop("service_env", {})}
    names = ("STRIPE_SECRET_KEY", "STRIPE_API_BASE", "KAFKA_BOOTSTRAP_SERVERS")
    given = {name: os.environ[name] for name in names if name in os.environ}
    chosen = {"topic_prefix": f"{folder.name}.", **chosen}
    return with_environment(StackSettings(data_dir=folder, service_env=own, **chosen), given)


def fewer_at_stripe(ours: int, at_stripe: int) -> int:
    """How many orders are placed: Stripe is not to be loaded with tests."""
    return at_stripe if FOREIGN else ours


def stripe_of(stack: Stack) -> stripe.StripeClient:
    """The SDK, pointed where the stack's services are pointed."""
    return stripe_client(stack.settings, stripe_address(stack))


def let_it_be_heard(stack: Stack) -> None:
    """What somebody else did at Stripe is told by webhooks, or else found by a reconciliation."""
    if not stack.settings.emulated_stripe:
        HTTP.post(f"{stack.payments_url}/reconcile").raise_for_status()


def ledger_of(stack: Stack) -> dict[str, Any]:
    """Every PaymentIntent of the stack with what was held, captured, released and refunded of it.

    Which bodies an idempotency key carried is the emulator's to tell; Stripe refuses a second.
    """
    if stack.settings.emulated_stripe:
        return HTTP.get(f"{stack.emulator_url}/_emulator/ledger", timeout=30).json()
    listed = {"limit": PAGE, "created": {"gte": int(time.time()) - LONGEST_RUN_SECONDS}}
    client, system = stripe_of(stack), stack.settings.service_env["STRIPE_SYSTEM"]
    intents = client.v1.payment_intents.list({**listed, "expand": ["data.latest_charge"]})
    refunds = [each.to_dict() for each in client.v1.refunds.list(listed).auto_paging_iter()]
    found = [each.to_dict() for each in intents.auto_paging_iter()]
    ours = [each for each in found if each["metadata"].get("system") == system]
    return {"payment_intents": [_line(each, refunds) for each in ours], "idempotency_keys": []}


def _line(intent: dict[str, Any], refunds: list[dict[str, Any]]) -> dict[str, Any]:
    """As a line of the emulator's ledger; a release may look like a refund, but is none."""
    charge = intent["latest_charge"] or {}
    authorized = intent["amount"] if charge.get("status") == "succeeded" else 0
    captured = charge.get("amount_captured", 0)
    held = authorized if intent["status"] == "requires_capture" else 0
    returned = [
        {"amount": each["amount"]}
        for each in reversed(refunds)
        if each["payment_intent"] == intent["id"] and each["status"] not in ("failed", "canceled")
    ]
    return {
        **{key: intent[key] for key in ("id", "status", "amount", "currency", "metadata")},
        "holds": _moved(authorized),
        "captures": _moved(captured),
        "releases": _moved(authorized - captured - held),
        "refunds": returned if captured else [],
        "held": held,
    }


def _moved(amount: int) -> list[dict[str, int]]:
    return [{"amount": amount}] if amount else []
