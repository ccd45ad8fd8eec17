"""Orders as text for the terminal."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from saga_cli.text.durations import step_milliseconds
from saga_cli.text.money import money

Json = dict[str, Any]
_ALL = "`saga show --all` shows them"
COLOURS = {
    "authorized": "green",
    "completed": "green",
    "rejected": "red",
    "expired": "red",
    "needs_attention": "bold red",
    "canceled": "dim",
    "refunded": "dim",
}


def state_text(order: Json) -> Text:
    """Format the state in its colour, marked if its deadline has passed."""
    overdue = " (overdue)" if order.get("overdue") else ""
    return Text(order["state"] + overdue, style=COLOURS.get(order["state"], "yellow"))


def reason_code(order: Json) -> str:
    """Return the codes of the order's reason: ours, then the issuer's if it differs."""
    reason = order.get("reason") or {}
    codes = (reason.get("code"), reason.get("decline_code"))
    return " / ".join(dict.fromkeys(code for code in codes if code))


def orders_table(orders: Sequence[Json]) -> Table:
    """Format several orders, one per row."""
    table = Table(
        "ORDER", "CREATED", "USER", "AMOUNT", "STATE", "REASON", "PAYMENT INTENT", box=None
    )
    for order in orders:
        table.add_row(
            Text(order["id"]),
            f"{_time(order['created_at']):%Y-%m-%d %H:%M:%S}",
            Text(order["clerk_user_id"]),
            money(order["amount"], order["currency"]),
            state_text(order),
            Text(reason_code(order)),
            Text(order["payment_intent_id"] or ""),
        )
    return table


def order_details(order: Json) -> RenderableType:
    """Format one order: its state, its reason, and every message of its saga."""
    sections: list[RenderableType] = [_facts(order)]
    if order["reason"]:
        sections += [Text("\nReason", style="bold"), _reason(order["reason"])]
    return Group(*sections, Text("\nHistory", style="bold"), _history(order))


def _facts(order: Json) -> Table:
    durations = step_milliseconds(order["history"])
    facts = {
        "Order": order["id"],
        "State": state_text(order),
        "Amount": money(order["amount"], order["currency"]),
        "Captured": _amount(order, "captured"),
        "Refunded": _amount(order, "refunded"),
        "Disputed": "by the cardholder's bank" if order.get("disputed") else "",
        "Parked": f"{order['parked']} failed" if order.get("parked") else "",
        "Attempt": _attempt(order),
        "Description": order["description"],
        "User": order["clerk_user_id"],
        "PaymentIntent": order["payment_intent_id"],
        "Created": order["created_at"],
        "Updated": order["updated_at"],
        "Deadline": order["deadline_at"],
        "Hold ends": order.get("capture_before"),
        "Durations": ", ".join(f"{step} {ms:.0f} ms" for step, ms in durations.items()),
    }
    return _pairs(facts)


def _amount(order: Json, name: str) -> str:
    """Format an amount of the order; empty if it is zero or missing."""
    return money(order[name], order["currency"]) if order.get(name) else ""


def _attempt(order: Json) -> str:
    """Format the number of the current attempt; empty for the first."""
    attempt = order.get("attempt") or 1
    return f"{attempt} of {order['state']}" if attempt > 1 else ""


def _reason(reason: Json) -> Table:
    codes = {
        "Code": reason.get("code"),
        "Stripe's code": reason.get("stripe_code"),
        "Decline code": reason.get("decline_code"),
        "Advice": reason.get("advice_code"),
    }
    sentences = {"Cause": reason.get("message"), "Cure": reason.get("cure")}
    return _pairs({name: text or "" for name, text in {**sentences, **codes}.items()})


def _history(order: Json) -> Table:
    table = Table("AT", "+MS", "", "MESSAGE", "NOTE", "MESSAGE ID", box=None)
    start = _time(order["created_at"])
    known = {entry["message_id"] for entry in order["history"]}
    for entry in order["history"]:
        at = _time(entry["at"])
        table.add_row(
            f"{at:%H:%M:%S.%f}"[:-3],
            f"{(at - start).total_seconds() * 1000:.0f}",
            "→ in" if entry["direction"] == "in" else "← out",
            Text(entry["type"]),
            Text(_note(entry, known)),
            Text(str(entry["message_id"])),
        )
        if order.get("history_omitted") and entry["message_id"] == order["history_omitted_after"]:
            table.add_row("…", "", "", f"{order['history_omitted']} more", _ALL, "")
    return table


def _note(entry: Json, known: set[str]) -> str:
    """Return the entry's note, with its cause if the cause is not in the history.

    Equal refused requests are one entry, with their number and the time of the last.
    """
    cause, times = entry.get("causation_id"), entry.get("times", 1)
    repeated = f" ({times} times, last at {entry['last_at']})" if times > 1 else ""
    caused = f" (caused by {cause})" if cause and cause not in known else ""
    return entry["note"] + repeated + caused


def _pairs(values: dict[str, Any]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in values.items():
        if value:
            table.add_row(name, value if isinstance(value, Text) else Text(value))
    return table


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
