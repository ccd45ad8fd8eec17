"""Invariants after every step."""

from collections import defaultdict
from typing import Any

import orjson
from stripe_emulator.control.ledger import ledger

from histories.caller import Caller
from histories.model import DAY, World

LEGAL = {
    (None, "requires_payment_method"),
    (None, "requires_confirmation"),
    (None, "requires_action"),
    (None, "requires_capture"),
    (None, "succeeded"),
    ("requires_payment_method", "requires_confirmation"),
    ("requires_payment_method", "requires_action"),
    ("requires_payment_method", "requires_capture"),
    ("requires_payment_method", "succeeded"),
    ("requires_payment_method", "canceled"),
    ("requires_confirmation", "requires_payment_method"),
    ("requires_confirmation", "requires_action"),
    ("requires_confirmation", "requires_capture"),
    ("requires_confirmation", "succeeded"),
    ("requires_confirmation", "canceled"),
    ("requires_action", "requires_payment_method"),
    ("requires_action", "requires_confirmation"),
    ("requires_action", "requires_capture"),
    ("requires_action", "succeeded"),
    ("requires_action", "canceled"),
    ("requires_capture", "succeeded"),
    ("requires_capture", "canceled"),
}
TOLD_BY = {
    "requires_payment_method": "payment_intent.payment_failed",
    "requires_action": "payment_intent.requires_action",
    "requires_capture": "payment_intent.amount_capturable_updated",
    "succeeded": "payment_intent.succeeded",
    "canceled": "payment_intent.canceled",
}


def digest(caller: Caller, world: World) -> dict[str, Any]:
    """Return everything observable except the kept responses of idempotency keys."""
    account = caller.emulator.account
    collections = (account.customers, account.payment_intents, account.charges, account.refunds)
    methods = [method for method in account.payment_methods if method.id in world.methods]
    return {
        "objects": [orjson.dumps(item.as_json()) for items in collections for item in items],
        "methods": [(orjson.dumps(method.as_json()), method.used_up) for method in methods],
        "events": [
            (event.id, event.type, event.created, event.snapshot, event.cause)
            for event in account.events
        ],
        "deadlines": sorted(account.deadlines),
        "now": account.clock.now(),
        "totals": ledger(account, caller.emulator.keys)["totals"],
    }


def kept_answers(caller: Caller) -> list[tuple[Any, ...]]:
    """Return the responses that idempotency keys keep for 24 hours."""
    now = caller.emulator.account.clock.now()
    return [
        (key.key, key.digest, key.created, key.response.status, key.response.body)
        for key in caller.emulator.keys
        if key.response is not None and now - key.created < DAY
    ]


def check_intents(shown: dict[str, dict[str, Any]], world: World) -> None:
    """Check every PaymentIntent against the model, and its amounts against its status."""
    assert set(shown) == set(world.intents)
    for intent_id, intent in world.intents.items():
        seen = shown[intent_id]
        assert seen["status"] == intent.status
        assert (seen["amount"], seen["currency"]) == (intent.amount, intent.currency)
        assert seen["amount_capturable"] == intent.held
        assert seen["amount_received"] == intent.captured
        assert (seen["customer"], seen["payment_method"]) == (intent.customer, intent.method)
        ended = (seen["canceled_at"], seen["cancellation_reason"])
        assert ended == (intent.ended or (None, None))
        assert (intent.status == "requires_action") == (seen["next_action"] is not None)
        assert (intent.status == "requires_capture") == (seen["amount_capturable"] > 0)
        assert (intent.status == "succeeded") == (seen["amount_received"] > 0)


def check_ledger(caller: Caller, world: World) -> None:
    """Check that money is conserved per PaymentIntent, per currency and as in the model."""
    emulator = caller.emulator
    book: Any = ledger(emulator.account, emulator.keys)
    sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for line in book["payment_intents"]:
        intent = world.intents[line["id"]]
        moved = {
            name: sum(movement["amount"] for movement in line[entry])
            for name, entry in {
                "authorized": "holds",
                "captured": "captures",
                "released": "releases",
                "refunded": "refunds",
            }.items()
        }
        moved["held"] = line["held"]
        assert moved["held"] + moved["captured"] + moved["released"] == moved["authorized"]
        assert moved["refunded"] <= moved["captured"]
        expected = (intent.held, intent.captured, intent.released, intent.refunded)
        assert tuple(moved[name] for name in ("held", "captured", "released", "refunded")) == (
            expected
        )
        assert len(line["holds"]) <= 1
        for name, amount in moved.items() if line["holds"] else ():
            sums[line["currency"]][name] += amount
    assert book["totals"] == sums


def check_events(
    events: list[dict[str, Any]], before: dict[str, str], shown: dict[str, dict[str, Any]]
) -> set[tuple[str | None, str]]:
    """Check that each change of status is legal and has one event; return the changes."""
    types: dict[str, list[str]] = defaultdict(list)
    for event in events:
        types[event["data"]["object"]["id"]].append(event["type"])
    taken: set[tuple[str | None, str]] = set()
    for intent_id, intent in shown.items():
        old, new, told = before.get(intent_id), intent["status"], types.pop(intent_id, [])
        assert ("payment_intent.created" in told) == (old is None)
        if old != new:
            assert (old, new) in LEGAL
            taken.add((old, new))
            if new in TOLD_BY and not (old is None and told == ["payment_intent.created"]):
                assert told[-1] == TOLD_BY[new]
        assert len(told) == len(set(told))
    return taken


def check_snapshots(events: list[dict[str, Any]], objects: list[dict[str, Any]]) -> None:
    """Check that the last event of an object has its current state."""
    last = {event["data"]["object"]["id"]: event["data"]["object"] for event in events}
    for item in objects:
        assert item == last.get(item["id"], item)
