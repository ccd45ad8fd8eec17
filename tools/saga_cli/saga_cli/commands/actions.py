"""`saga capture`, `cancel`, `refund`, `retry` and `resolve`: actions on one order."""

from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer
from rich.text import Text

from saga_cli.api import Api, Json, order_path
from saga_cli.commands.options import DEFAULT_ACTOR, Amount, By, DataDir, Note, OrderId, OrdersUrl
from saga_cli.console import output, report_errors
from saga_cli.service_urls import find_orders_url


def capture(  # noqa: PLR0913 - each is an option of the command
    order_id: OrderId,
    *,
    amount: Amount = None,
    by: By = DEFAULT_ACTOR,
    note: Note = "",
    orders_url: OrdersUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Capture an order's hold, in full or in part; the rest is released."""
    body = {"amount": amount, "by": by, "note": note}
    _request(orders_url, data_dir, order_id, "capture", body)


def cancel(
    order_id: OrderId,
    *,
    by: By = DEFAULT_ACTOR,
    note: Note = "",
    orders_url: OrdersUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Cancel an order: release its hold, or refund the captured amount."""
    _request(orders_url, data_dir, order_id, "cancel", {"by": by, "note": note})


def refund(  # noqa: PLR0913 - each is an option of the command
    order_id: OrderId,
    *,
    amount: Amount = None,
    key: Annotated[
        str | None, typer.Option(help="Idempotency key, to repeat an earlier refund.")
    ] = None,
    by: By = DEFAULT_ACTOR,
    note: Note = "",
    orders_url: OrdersUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Refund the captured amount, in full or in part; the same key refunds only once."""
    key = key or str(uuid4())
    output.print(Text(f"If this times out, retry with --key {key}"))
    body = {"amount": amount, "by": by, "note": note}
    _request(orders_url, data_dir, order_id, "refund", body, key)


def retry(
    order_id: OrderId,
    *,
    by: By = DEFAULT_ACTOR,
    note: Note = "",
    orders_url: OrdersUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Retry the failed step of an order that needs attention."""
    _request(orders_url, data_dir, order_id, "retry", {"by": by, "note": note})


def resolve(  # noqa: PLR0913 - each is an option of the command
    order_id: OrderId,
    *,
    resolution: Annotated[str, typer.Option("--as", help="The order's final state.")],
    note: Annotated[str, typer.Option(help="The reason; recorded in the history.")],
    by: By = DEFAULT_ACTOR,
    orders_url: OrdersUrl = None,
    data_dir: DataDir = None,
) -> None:
    """End an order that needs attention, without any request to Stripe."""
    body = {"as": resolution, "by": by, "note": note}
    _request(orders_url, data_dir, order_id, "resolve", body)


def _request(  # noqa: PLR0913, PLR0917 - the parts of one HTTP request
    orders_url: str | None,
    data_dir: Path | None,
    order_id: str,
    verb: str,
    body: Json,
    key: str | None = None,
) -> None:
    with report_errors(), Api(find_orders_url(orders_url, data_dir)) as api:
        accepted = api.post(order_path(order_id, verb), body, key)
    output.print(Text(f"Order {accepted['id']} is {accepted['state']}: {accepted['effect']}"))
    output.print(Text(f"See its progress: saga show {accepted['id']}"))
