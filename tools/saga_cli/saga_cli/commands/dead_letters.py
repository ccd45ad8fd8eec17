"""`saga dlq list`, `show`, `replay` and `drop`: inspect and process dead letters."""

from typing import Annotated

import typer
from rich.table import Column, Table
from rich.text import Text

from saga_cli.api import Api, Json
from saga_cli.commands.options import DEFAULT_ACTOR, By, DataDir, Note, OrdersUrl
from saga_cli.console import output, report_errors
from saga_cli.service_urls import find_orders_url
from saga_cli.text.dead_letters import dead_letter_details, dead_letter_id

dlq = typer.Typer(help="List, show, replay or drop dead letters.", no_args_is_help=True)


def _position(dead_letter_id: str) -> str:
    topic, _, position = dead_letter_id.partition("/")
    partition, _, offset = position.partition("/")
    if topic in {"", ".", ".."} or not (partition.isdecimal() and offset.isdecimal()):
        raise typer.BadParameter(f"{dead_letter_id!r} is not TOPIC/PARTITION/OFFSET")
    return dead_letter_id


DeadLetterId = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="TOPIC/PARTITION/OFFSET, as shown by the list.", callback=_position
    ),
]


@dlq.command("list")
def list_dead_letters(
    *,
    include_processed: Annotated[
        bool, typer.Option("--all", help="Include replayed and dropped ones.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=100, help="The page size.")] = 20,
    orders_url: OrdersUrl = None,
    data_dir: DataDir = None,
) -> None:
    """List the dead letters of all topics, newest first."""
    with report_errors(), Api(find_orders_url(orders_url, data_dir)) as api:
        page = api.get("/dead-letters", limit=limit, all="true" if include_processed else None)
    identifier = Column("DEAD LETTER", no_wrap=True)  # so that it can be copied
    table = Table(identifier, "AT", "CONSUMER", "ORDER", "ACTIONS", "REASON", box=None)
    for dead_letter in page["dead_letters"]:
        table.add_row(*map(Text, _row(dead_letter)))
    output.print(table if page["dead_letters"] else "No dead letters.")
    if not page["whole"]:
        output.print("There may be older ones. Raise --limit to see more.")


@dlq.command()
def show(
    dead_letter_id: DeadLetterId, orders_url: OrdersUrl = None, data_dir: DataDir = None
) -> None:
    """Show a dead letter: its reason, origin, actions and raw value."""
    with report_errors(), Api(find_orders_url(orders_url, data_dir)) as api:
        output.print(dead_letter_details(api.get(f"/dead-letters/{dead_letter_id}")))


@dlq.command()
def replay(  # noqa: PLR0913 - each is an option of the command
    dead_letter_id: DeadLetterId,
    *,
    again: Annotated[
        bool, typer.Option("--again", help="Even if it was already replayed or dropped.")
    ] = False,
    by: By = DEFAULT_ACTOR,
    note: Note = "",
    orders_url: OrdersUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Send the raw value to its original topic again, with its original key."""
    body = {"by": by, "note": note, "again": again}
    with report_errors(), Api(find_orders_url(orders_url, data_dir)) as api:
        replayed = api.post(f"/dead-letters/{dead_letter_id}/replay", body)
    topic = replayed["came_from"].partition("[")[0]
    output.print(Text(f"{dead_letter_id} was sent to {topic} again."))


@dlq.command()
def drop(
    dead_letter_id: DeadLetterId,
    *,
    by: By = DEFAULT_ACTOR,
    note: Note = "",
    orders_url: OrdersUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Remove a dead letter from the list; Kafka keeps it."""
    with report_errors(), Api(find_orders_url(orders_url, data_dir)) as api:
        api.post(f"/dead-letters/{dead_letter_id}/drop", {"by": by, "note": note})
    output.print(Text(f"{dead_letter_id} is dropped; saga dlq list --all still shows it."))


def _row(dead_letter: Json) -> tuple[str, ...]:
    actions = "; ".join(f"{each['action']} by {each['by']}" for each in dead_letter["dealt_with"])
    return (
        dead_letter_id(dead_letter),
        dead_letter["at"] or "unknown",
        dead_letter["consumer"],
        dead_letter["correlation_id"] or "",
        actions,
        dead_letter["reason"],
    )
