"""Expansion (`expand[]`): ids in a response replaced by their objects.

https://docs.stripe.com/api/expanding_objects
"""

from collections.abc import Sequence
from typing import cast

from stripe_emulator.account.account import Account
from stripe_emulator.wire.errors import InvalidParameters
from stripe_emulator.wire.json import JsonObject

_MAX_DEPTH = 4
_NOTHING = "nothing"
"""The kind of an expandable property that is always null in the emulator."""

_EXPANDABLE: dict[str, dict[str, str]] = {
    "payment_intent": {
        "customer": "customer",
        "latest_charge": "charge",
        "payment_method": "payment_method",
        **dict.fromkeys(("application", "on_behalf_of", "review"), _NOTHING),
    },
    "charge": {
        "customer": "customer",
        "payment_intent": "payment_intent",
        **dict.fromkeys(
            (
                "application",
                "application_fee",
                "balance_transaction",
                "failure_balance_transaction",
                "on_behalf_of",
                "review",
                "source_transfer",
                "transfer",
            ),
            _NOTHING,
        ),
    },
    "payment_method": {"customer": "customer"},
    "customer": {
        "invoice_settings": "invoice_settings",
        **dict.fromkeys(("default_source", "test_clock"), _NOTHING),
    },
    "invoice_settings": {"default_payment_method": "payment_method"},
    "refund": {
        "charge": "charge",
        "customer": "customer",
        "payment_intent": "payment_intent",
        "payment_method": "payment_method",
        **dict.fromkeys(
            (
                "balance_transaction",
                "failure_balance_transaction",
                "source_transfer_reversal",
                "transfer_reversal",
            ),
            _NOTHING,
        ),
    },
    "dispute": {"charge": "charge", "payment_intent": "payment_intent"},
    "balance": {},
    "event": {},
    "webhook_endpoint": {},
}


def check(paths: Sequence[str], kind: str, *, listed: bool) -> None:
    """Check that a response of this kind has every path; before execution, as at Stripe.

    Raises:
        InvalidParameters: If a path has more than four levels or is not expandable.
    """
    for path in paths:
        segments = path.split(".")
        if len(segments) > _MAX_DEPTH:
            raise InvalidParameters(
                f"You cannot expand more than {_MAX_DEPTH} levels of a property: {path}."
            )
        if listed and segments.pop(0) != "data":
            raise _refused(path)
        current = kind
        for segment in segments:
            if current == _NOTHING:
                break
            if segment not in _EXPANDABLE[current]:
                raise _refused(segment)
            current = _EXPANDABLE[current][segment]


def expand(account: Account, body: JsonObject, kind: str, paths: Sequence[str]) -> None:
    """Expand every path of an object of this kind, or of a list of such objects, in place."""
    for path in paths:
        segments = path.split(".")
        if "data" in body:
            for item in cast("list[JsonObject]", body["data"]):
                _expand(account, item, kind, segments[1:])
        else:
            _expand(account, body, kind, segments)


def _expand(account: Account, body: JsonObject, kind: str, segments: Sequence[str]) -> None:
    if not segments:
        return
    name = segments[0]
    inner = _EXPANDABLE[kind][name]
    value = body.get(name)
    if isinstance(value, str):
        value = body[name] = _find(account, inner, value)
    if isinstance(value, dict):
        _expand(account, cast("JsonObject", value), inner, segments[1:])


def _find(account: Account, kind: str, object_id: str) -> JsonObject | None:
    collections = {
        "customer": account.customers,
        "charge": account.charges,
        "payment_method": account.payment_methods,
        "payment_intent": account.payment_intents,
    }
    found = collections[kind].get(object_id)
    return found.as_json() if found else None


def _refused(segment: str) -> InvalidParameters:
    return InvalidParameters(f"This property cannot be expanded ({segment}).")
