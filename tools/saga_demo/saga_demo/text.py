"""The demo's output: a live table, or plain lines without a terminal."""

from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text
from saga_cli.api import Json
from saga_cli.text.durations import step_milliseconds, total_milliseconds
from saga_cli.text.orders import state_text

from saga_demo.card_orders import PlacedOrder
from saga_demo.scenarios import Scenario

STEPS = {"retrieve_payment_info": "INFO MS", "authorize_payment": "HOLD MS"}


def demo_table(placed: Sequence[PlacedOrder]) -> Table:
    """Format every order with its card, its outcome and the durations of its steps."""
    table = Table("", "CARD", "STATE", "REASON", "PAYMENT INTENT", box=None)
    for heading in (*STEPS.values(), "TOTAL MS"):
        table.add_column(heading, justify="right")
    for each in placed:
        table.add_row(*cells(each))
    return table


def cells(placed: PlacedOrder) -> list[str | Text]:
    """Return the table cells of one order."""
    durations = step_milliseconds(placed.order["history"])
    steps = [f"{durations[step]:.0f}" if step in durations else "" for step in STEPS]
    total = f"{total_milliseconds(placed.order):.0f}" if placed.finished else ""
    return [
        verdict(placed),
        placed.case.title,
        state_text(placed.order),
        _shortest_reason(placed.order),
        placed.order["payment_intent_id"] or "",
        *steps,
        total,
    ]


def plain_line(placed: PlacedOrder) -> str:
    """Format one finished order as a line of plain text."""
    return "  ".join(str(cell) for cell in cells(placed) if str(cell))


def verdict(placed: PlacedOrder) -> Text:
    """Format whether the order ended as expected for its card."""
    if not placed.finished:
        return Text("…", style="yellow")
    return _verdict(bool(placed.differences()))


def scenario_line(scenario: Scenario, order: Json) -> Text:
    """Format the end of one scenario in a line, followed by any difference."""
    differences = scenario.differences(order)
    line = f"  {scenario.title:38} {order['state']:10} {'; '.join(differences)}".rstrip()
    return _verdict(bool(differences)) + Text(line, style="default")


def ledger_line(currency: str, totals: dict[str, int]) -> str:
    """Format the ledger's equation, to the cent: `authorized = captured + released + held`."""
    amounts = {name: f"{cents / 100:.2f}" for name, cents in totals.items()}
    balanced = totals["authorized"] == totals["captured"] + totals["released"] + totals["held"]
    return (
        f"{currency}: authorized {amounts['authorized']} {'=' if balanced else '≠'} "
        f"captured {amounts['captured']} + released {amounts['released']} + held {amounts['held']}"
        f"; {amounts['refunded']} of the captured amount refunded"
    )


def _verdict(failed: bool) -> Text:
    return Text("failed", style="bold red") if failed else Text("ok", style="green")


def _shortest_reason(order: dict[str, Any]) -> str:
    """Return the most specific code alone, so that a row fits on a line."""
    reason = order["reason"] or {}
    return reason.get("decline_code") or reason.get("code") or ""
