"""Stripe's CLI, unmodified, against the emulator.

https://docs.stripe.com/cli; `--api-base` is a flag of its that its help does not show.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import stripe

Cli = Callable[..., str]
HOLD_AND_CAPTURE = Path(__file__).parent / "hold_and_capture.json"


@pytest.fixture
def newest(client: stripe.StripeClient) -> Callable[[], Any]:
    """The newest PaymentIntent, with its charge."""

    def newest() -> Any:
        page = client.v1.payment_intents.list({"expand": ["data.latest_charge"]})
        return page.data[0]

    return newest


def test_customers_create(cli: Cli, client: stripe.StripeClient):
    created = json.loads(cli("customers", "create", "--name", "Ann", "-d", "metadata[a]=b"))
    customer = client.v1.customers.retrieve(created["id"])
    assert (customer.name, customer.metadata.to_dict()) == ("Ann", {"a": "b"})


def test_payment_intent_is_created_confirmed_and_captured(cli: Cli, newest: Callable[[], Any]):
    def payment_intents(*arguments: str) -> Any:
        return json.loads(cli("payment_intents", *arguments))

    created = payment_intents(
        "create", "--amount", "1299", "--currency", "usd", "--capture-method", "manual"
    )
    assert payment_intents("retrieve", created["id"]) == created
    confirmed = payment_intents(
        "confirm",
        created["id"],
        "--payment-method=pm_card_visa",
        "--return-url=https://example.com",
    )
    assert (confirmed["status"], newest().amount_capturable) == ("requires_capture", 1299)
    payment_intents("capture", created["id"], "--amount-to-capture", "1000")
    assert (newest().status, newest().amount_received) == ("succeeded", 1000)
    (listed,) = payment_intents("list", "--limit", "3")["data"]
    assert listed["id"] == created["id"]


def test_payment_intent_is_canceled(cli: Cli, newest: Callable[[], Any]):
    created = json.loads(cli("payment_intents", "create", "--amount", "1299", "--currency", "usd"))
    cli("payment_intents", "cancel", created["id"], "--cancellation-reason", "duplicate")
    assert (newest().status, newest().cancellation_reason) == ("canceled", "duplicate")
    assert "payment_intent_unexpected_state" in cli("payment_intents", "capture", created["id"])


def test_own_fixtures_run(cli: Cli, client: stripe.StripeClient, newest: Callable[[], Any]):
    cli("fixtures", str(HOLD_AND_CAPTURE))
    intent = newest()
    assert (intent.status, intent.amount_received) == ("succeeded", 1000)
    assert intent.metadata.to_dict() == {"saga_id": "order-1"}
    (card,) = client.v1.customers.payment_methods.list(intent.customer).data
    assert card.id == intent.payment_method


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("payment_intent.created", ("requires_payment_method", 0, None)),
        ("payment_intent.succeeded", ("succeeded", 0, "succeeded")),
        ("payment_intent.amount_capturable_updated", ("requires_capture", 2000, "succeeded")),
        ("payment_intent.requires_action", ("requires_action", 0, None)),
        ("payment_intent.payment_failed", ("requires_payment_method", 0, "failed")),
        ("payment_intent.canceled", ("canceled", 0, None)),
        ("charge.succeeded", ("succeeded", 0, "succeeded")),
        ("charge.failed", ("requires_payment_method", 0, "failed")),
        ("charge.captured", ("succeeded", 0, "succeeded")),
    ],
)
def test_trigger_of_a_payment(
    cli: Cli, newest: Callable[[], Any], event: str, expected: tuple[str, int, str | None]
):
    assert "Trigger succeeded!" in cli("trigger", event)
    intent = newest()
    charge = intent.latest_charge
    assert (intent.status, intent.amount_capturable, charge and charge.status) == expected


@pytest.mark.parametrize("event", ["charge.refunded", "charge.refund.updated"])
def test_trigger_of_a_refund(cli: Cli, newest: Callable[[], Any], event: str):
    assert "Trigger succeeded!" in cli("trigger", event)
    charge = newest().latest_charge
    assert (charge.refunded, charge.amount_refunded) == (True, charge.amount)


@pytest.mark.parametrize("event", ["customer.created", "customer.updated", "customer.deleted"])
def test_trigger_of_a_customer(cli: Cli, client: stripe.StripeClient, event: str):
    assert "Trigger succeeded!" in cli("trigger", event)
    assert len(client.v1.customers.list().data) == (0 if event == "customer.deleted" else 1)


@pytest.mark.parametrize("event", ["payment_method.attached", "payment_method.detached"])
def test_trigger_of_a_payment_method(cli: Cli, client: stripe.StripeClient, event: str):
    assert "Trigger succeeded!" in cli("trigger", event)
    (customer,) = client.v1.customers.list().data
    attached = client.v1.customers.payment_methods.list(customer.id).data
    assert len(attached) == (1 if event == "payment_method.attached" else 0)


@pytest.mark.parametrize("event", ["payment_intent.processing", "payment_intent.partially_funded"])
def test_trigger_of_debits_and_bank_transfers_is_refused(cli: Cli, event: str):
    assert "The Stripe emulator does not support" in cli("trigger", event, exit_status=1)
