"""The Stripe account of a system under test: the emulator, or Stripe's own test mode.

With STRIPE_SECRET_KEY=sk_test_… it is Stripe's test mode, or the server that STRIPE_API_BASE names.
Its clock cannot be moved, it injects no faults, it allows 25 requests a second, and its webhooks do
not reach this machine. Its ledger is read through the API.
"""

import time
from typing import Any

import stripe
from saga_demo.users import stripe_client
from support.http import HTTP
from support.system import System

PAGE = 100
LONGEST_RUN_SECONDS = 3600


def stripe_client_of(system: System) -> stripe.StripeClient:
    """Return a client of Stripe's SDK with the address and the key that the services use."""
    emulated = system.settings.emulated_stripe
    base = system.emulator_url if emulated else system.settings.stripe_api_base
    return stripe_client(system.settings, base)


def reconcile_without_webhooks(system: System) -> None:
    """Reconcile where Stripe's webhooks do not reach this machine."""
    if not system.settings.emulated_stripe:
        HTTP.post(f"{system.payments_url}/reconcile", json={}).raise_for_status()


def inject_stripe_fault(system: System, **fault: Any) -> None:
    """Make the emulator inject a fault, as documented in its README."""
    HTTP.post(f"{system.emulator_url}/_emulator/faults", json=fault).raise_for_status()


def advance_stripe_clock(system: System, seconds: int) -> None:
    """Move the emulator's clock forward."""
    url = f"{system.emulator_url}/_emulator/clock"
    HTTP.post(url, json={"advance_seconds": seconds}).raise_for_status()


def stripe_ledger(system: System) -> dict[str, Any]:
    """Return every PaymentIntent of the system with its holds, captures, releases and refunds.

    The bodies sent with each idempotency key are known for the emulator only; Stripe itself
    refuses a second body.
    """
    if system.settings.emulated_stripe:
        return HTTP.get(f"{system.emulator_url}/_emulator/ledger", timeout=30).json()
    listed = {"limit": PAGE, "created": {"gte": int(time.time()) - LONGEST_RUN_SECONDS}}
    client, name = stripe_client_of(system), system.settings.service_env["STRIPE_SYSTEM"]
    pages = client.v1.payment_intents.list({**listed, "expand": ["data.latest_charge"]})
    refunds = [refund.to_dict() for refund in client.v1.refunds.list(listed).auto_paging_iter()]
    found = [intent.to_dict() for intent in pages.auto_paging_iter()]
    own = [intent for intent in found if intent["metadata"].get("system") == name]
    return {"payment_intents": [_line(intent, refunds) for intent in own], "idempotency_keys": []}


def ledger_line(system: System, order: str) -> dict[str, Any]:
    """Return the line of the order's only PaymentIntent in Stripe's ledger."""
    lines = stripe_ledger(system)["payment_intents"]
    [line] = [line for line in lines if line["metadata"].get("saga_id") == order]
    return line


def _line(intent: dict[str, Any], refunds: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a PaymentIntent of Stripe as a line of the emulator's ledger.

    Stripe lists a release as a refund as well; refunds count only where money was captured.
    """
    charge = intent["latest_charge"] or {}
    authorized = intent["amount"] if charge.get("status") == "succeeded" else 0
    captured = charge.get("amount_captured", 0)
    held = authorized if intent["status"] == "requires_capture" else 0
    refunded = [
        {"amount": refund["amount"]}
        for refund in reversed(refunds)
        if refund["payment_intent"] == intent["id"]
        and refund["status"] not in ("failed", "canceled")
    ]
    return {
        **{key: intent[key] for key in ("id", "status", "amount", "currency", "metadata")},
        "holds": _entries(authorized),
        "captures": _entries(captured),
        "releases": _entries(authorized - captured - held),
        "refunds": refunded if captured else [],
        "held": held,
    }


def _entries(amount: int) -> list[dict[str, int]]:
    return [{"amount": amount}] if amount else []
