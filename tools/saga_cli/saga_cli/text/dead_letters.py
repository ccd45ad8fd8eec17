"""Dead letters as text for the terminal."""

from rich.console import Group
from rich.table import Table
from rich.text import Text

from saga_cli.api import Json


def dead_letter_id(dead_letter: Json) -> str:
    """Return the id that the commands take: `TOPIC/PARTITION/OFFSET`."""
    return "{topic}/{partition}/{offset}".format(**dead_letter)


def dead_letter_details(dead_letter: Json) -> Group:
    """Format one dead letter with its facts, the actions taken and the raw value."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in _facts(dead_letter).items():
        if value:
            table.add_row(name, Text(value))
    for each in dead_letter["dealt_with"]:
        reason = f": {each['note']}" if each["note"] else ""
        table.add_row(each["action"], Text(f"{each['at']} by {each['by']}{reason}"))
    title, value = _value(dead_letter)
    return Group(table, Text(f"\n{title}", style="bold"), Text(value))


def _facts(dead_letter: Json) -> dict[str, str | None]:
    return {
        "Dead letter": dead_letter_id(dead_letter),
        "At": dead_letter["at"],
        "Reason": dead_letter["reason"],
        "Consumer": dead_letter["consumer"],
        "Came from": dead_letter["came_from"],
        "Order": dead_letter["correlation_id"],
        "Key": dead_letter["key"],
        "Bytes": str(dead_letter["size_bytes"]),
        "Cut": dead_letter["cut"],
        "SHA-256": (dead_letter["headers"] or {}).get("dead-letter-sha256"),
    }


def _value(dead_letter: Json) -> tuple[str, str]:
    if dead_letter["value"] is None:
        return "Value (binary, as base64)", dead_letter["value_base64"]
    return "Value", dead_letter["value"]
