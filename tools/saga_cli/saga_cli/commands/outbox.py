"""`saga outbox list`, `retry` and `drop`: messages that Kafka refuses, of every service."""

from typing import Annotated

import typer
from rich.table import Column, Table
from rich.text import Text

from saga_cli.api import Api, Json
from saga_cli.commands.options import (
    DEFAULT_ACTOR,
    By,
    DataDir,
    Note,
    OrdersUrl,
    PaymentsUrl,
    UsersUrl,
)
from saga_cli.console import output, report_errors
from saga_cli.errors import CommandError
from saga_cli.service_urls import ServiceUrls

outbox = typer.Typer(
    help="List, retry or drop messages that Kafka refuses to store.", no_args_is_help=True
)

RecordId = Annotated[
    str, typer.Argument(metavar="ID", help="SERVICE/MESSAGE_ID, as shown by the list.")
]


@outbox.command("list")
def list_outbox(
    *,
    limit: Annotated[int, typer.Option(min=1, max=100, help="Records of each service.")] = 20,
    orders_url: OrdersUrl = None,
    payments_url: PaymentsUrl = None,
    users_url: UsersUrl = None,
    data_dir: DataDir = None,
) -> None:
    """List topics with unpublished messages, and the messages that Kafka refused."""
    with report_errors():
        urls = ServiceUrls(orders_url, payments_url, users_url, data_dir)
        pages = {service: _page(urls.find(service), limit) for service in urls.known()}
    topics = Table("SERVICE", "TOPIC", "UNSENT", "OLDEST", "PROBLEM", box=None)
    records = Table(
        Column("RECORD", no_wrap=True), "PARKED", "TOPIC", "ORDER", "HELD", "REASON", box=None
    )
    for service, page in pages.items():
        for topic in page["topics"]:
            topics.add_row(service, *map(Text, _topic_row(topic)))
        for record in page["parked"]:
            records.add_row(*map(Text, _record_row(service, record)))
    output.print(topics if topics.row_count else "No unsent messages.")
    output.print(records if records.row_count else "No parked messages.")
    if not all(page["whole"] for page in pages.values()):
        output.print("There are older ones. Raise --limit to see more.")


@outbox.command()
def retry(  # noqa: PLR0913 - each is an option of the command
    record_id: RecordId,
    *,
    by: By = DEFAULT_ACTOR,
    note: Note = "",
    orders_url: OrdersUrl = None,
    payments_url: PaymentsUrl = None,
    users_url: UsersUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Publish a message again, and then those behind it; correct its topic first."""
    with report_errors():
        urls = ServiceUrls(orders_url, payments_url, users_url, data_dir)
        _post(urls, record_id, "retry", by, note)
    output.print(Text(f"{record_id} is published again; saga outbox list shows if it is refused."))


@outbox.command()
def drop(  # noqa: PLR0913 - each is an option of the command
    record_id: RecordId,
    *,
    by: By = DEFAULT_ACTOR,
    note: Note = "",
    orders_url: OrdersUrl = None,
    payments_url: PaymentsUrl = None,
    users_url: UsersUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Give a message up: it is never published, and those behind it go on."""
    with report_errors():
        urls = ServiceUrls(orders_url, payments_url, users_url, data_dir)
        record = _post(urls, record_id, "drop", by, note)
    output.print(Text(f"{record_id} is dropped; {record['held']} messages behind it go on."))


def _page(url: str, limit: int) -> Json:
    with Api(url) as api:
        return api.get("/outbox", limit=limit)


def _post(urls: ServiceUrls, record_id: str, verb: str, by: str, note: str) -> Json:
    service, _, message_id = record_id.partition("/")
    if not message_id or not message_id.replace("-", "").isalnum():
        raise CommandError(f"{record_id} is not SERVICE/MESSAGE_ID.", "See saga outbox list.")
    with Api(urls.find(service)) as api:
        return api.post(f"/outbox/{message_id}/{verb}", {"by": by, "note": note})


def _topic_row(topic: Json) -> tuple[str, ...]:
    return (
        topic["topic"],
        str(topic["unsent"]),
        topic["oldest_at"] or "",
        topic["problem"] or "",
    )


def _record_row(service: str, record: Json) -> tuple[str, ...]:
    return (
        f"{service}/{record['message_id']}",
        record["parked_at"],
        f"{record['topic']} ({record['type']})",
        record["correlation_id"],
        str(record["held"]),
        record["reason"],
    )
