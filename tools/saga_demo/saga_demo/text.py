"""How the demo looks: a table that fills up, or plain lines where there is no terminal."""

from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text
from saga_cli.api import Json
from saga_cli.text.durations import step_milliseconds, total_milliseconds
from saga_cli.text.orders import state_text

from saga_demo.card_orders import Placed
from saga_demo.scenarios import Story

STEPS = {"retrieve_payment_info": "INFO MS", "authorize_payment": "HOLD MS"}


def demo_table(placed: Sequence[Placed]) -> Table:
    """Every order with its card, outcome and the milliseconds of its steps."""
    table = Table("", "CARD", "STATE", "REASON", "PAYMENT INTENT", box=None)
    for heading in (*STEPS.values(), "TOTAL MS"):
        table.add_column(heading, justify="right")
    for one in placed:
        table.add_row(*cells(one))
    return table


def cells(one: Placed) -> list[str | Text]:
    """The row of one order."""
    took = step_milliseconds(one.order["history"])
    steps = [f"{took[step]:.0f}" if step in took else "" for step in STEPS]
    total = f"{total_milliseconds(one.order):.0f}" if one.finished else ""
    return [
        mark(one),
        one.case.title,
        state_text(one.order),
        _shortest_reason(one.order),
        one.order["payment_intent_id"] or "",
        *steps,
        total,
    ]


def life_line(story: Story, order: Json) -> Text:
    """How one hold ended, in one line; what is otherwise than its story says, behind it."""
    wrong = story.differences(order)
    mark_ = Text("wrong", style="bold red") if wrong else Text("ok", style="green")
    line = f"  {story.title:38} {order['state']:10} {'; '.join(wrong)}".rstrip()
    return mark_ + Text(line, style="default")


def _shortest_reason(order: dict[str, Any]) -> str:
    """The most telling code alone, so that a row fits on a line."""
    reason = order["reason"] or {}
    return reason.get("decline_code") or reason.get("code") or ""


def plain_line(one: Placed) -> str:
    """One finished order in one line."""
    return "  ".join(str(cell) for cell in cells(one) if str(cell))


def mark(one: Placed) -> Text:
    """Whether the order ended as its card says."""
    if not one.finished:
        return Text("…", style="yellow")
    return Text("wrong", style="bold red") if one.differences() else Text("ok", style="green")
