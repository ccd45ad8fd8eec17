"""`saga dlq list|show|replay|drop`: what could not be handled, and what is done about it."""

from typing import Annotated

import typer
from rich.console import Group
from rich.table import Column, Table
from rich.text import Text

from saga_cli.actions import NOBODY, By, Note
from saga_cli.api import Api, Json
from saga_cli.console import output, report_errors
from saga_cli.orders import DataDir, OrdersUrl, find_orders_url

dlq = typer.Typer(
    help="Dead letters: what a service could not handle, as it came.", no_args_is_help=True
)

Letter = Annotated[
    str, typer.Argument(metavar="LETTER", help="TOPIC/PARTITION/OFFSET, as the list names it.")
]


@dlq.command("list")
def list_letters(
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what was replayed or dropped.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20,
    orders_url: OrdersUrl = None,
    data_dir: DataDir = None,
) -> None:
    """List dead letters of all topics, newest first."""
    with report_errors(), Api(find_orders_url(orders_url, data_dir)) as api:
        page = api.get("/dead-letters", limit=limit, all="true" if everything else None)
    letter = Column("LETTER", no_wrap=True)  # it is to be copied
    table = Table(letter, "AT", "CONSUMER", "ORDER", "DEALT WITH", "REASON", box=None)
    for each in page["dead_letters"]:
        table.add_row(*map(Text, _row(each)))
    output.print(table if page["dead_letters"] else "No dead letters.")
    if not page["whole"]:
        output.print("There may be more: Kafka keeps older ones. See more with --limit.")


@dlq.command()
def show(letter: Letter, orders_url: OrdersUrl = None, data_dir: DataDir = None) -> None:
    """Show one dead letter: why it is there, where it came from, its raw value."""
    with report_errors(), Api(find_orders_url(orders_url, data_dir)) as api:
        output.print(_story(api.get(f"/dead-letters/{letter}")))


@dlq.command()
def replay(  # noqa: PLR0913 - each is an option of the command
    letter: Letter,
    *,
    again: Annotated[
        bool, typer.Option("--again", help="Also where it was replayed or dropped before.")
    ] = False,
    by: By = NOBODY,
    note: Note = "",
    orders_url: OrdersUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Put the raw value back on the topic that it came from, under its key."""
    body = {"by": by, "note": note, "again": again}
    with report_errors(), Api(find_orders_url(orders_url, data_dir)) as api:
        answer = api.post(f"/dead-letters/{letter}/replay", body)
    came_from = answer["came_from"].partition("[")[0]
    output.print(Text(f"{letter} goes back to {came_from}."))


@dlq.command()
def drop(
    letter: Letter,
    *,
    by: By = NOBODY,
    note: Note = "",
    orders_url: OrdersUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Mark a dead letter as dealt with: it leaves the list, and Kafka keeps it."""
    with report_errors(), Api(find_orders_url(orders_url, data_dir)) as api:
        api.post(f"/dead-letters/{letter}/drop", {"by": by, "note": note})
    output.print(Text(f"{letter} is dropped; saga dlq list --all still shows it."))


def _row(letter: Json) -> tuple[str, ...]:
    place = "{topic}/{partition}/{offset}".format(**letter)
    done = "; ".join(f"{each['action']} by {each['by']}" for each in letter["dealt_with"])
    order, consumer = letter["correlation_id"] or "", letter["consumer"]
    return place, letter["at"], consumer, order, done, letter["reason"]


def _story(letter: Json) -> Group:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    facts = {
        "Letter": "{topic}/{partition}/{offset}".format(**letter),
        "At": letter["at"],
        "Reason": letter["reason"],
        "Consumer": letter["consumer"],
        "Came from": letter["came_from"],
        "Order": letter["correlation_id"],
        "Key": letter["key"],
        "Bytes": str(letter["size_bytes"]),
        "Cut": letter["cut"],
    }
    for name, value in facts.items():
        if value:
            table.add_row(name, Text(value))
    for each in letter["dealt_with"]:
        why = f": {each['note']}" if each["note"] else ""
        table.add_row(each["action"], Text(f"{each['at']} by {each['by']}{why}"))
    title = "Value" if letter["value"] is not None else "Value, which is no text, as base64"
    value = letter["value_base64"] if letter["value"] is None else letter["value"]
    return Group(table, Text(f"\n{title}", style="bold"), Text(value))
