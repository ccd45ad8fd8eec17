"""What is asked of one order: `saga capture|cancel|refund`, of a stuck one `retry|resolve`."""

from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer
from rich.text import Text

from saga_cli.api import Api, Json, order_path
from saga_cli.console import output, report_errors
from saga_cli.orders import DataDir, OrdersUrl, find_orders_url

OrderId = Annotated[str, typer.Argument(metavar="ID", help="The order's id.")]
Amount = Annotated[
    int | None, typer.Option(min=1, help="In the currency's minor unit; else all there is.")
]
By = Annotated[str, typer.Option(envvar="USER", help="Who asks; stands in the history.")]
Note = Annotated[str, typer.Option(help="Why; stands in the history.")]
NOBODY = "operator"


def capture(  # noqa: PLR0913 - each is an option of the command
    order_id: OrderId,
    *,
    amount: Amount = None,
    by: By = NOBODY,
    note: Note = "",
    orders_url: OrdersUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Take the money on hold, or a part of it; the rest is released."""
    body = {"amount": amount, "by": by, "note": note}
    _ask(orders_url, data_dir, order_id, "capture", body)


def cancel(
    order_id: OrderId,
    *,
    by: By = NOBODY,
    note: Note = "",
    orders_url: OrdersUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Call an order off: release its hold, or give back what was taken."""
    _ask(orders_url, data_dir, order_id, "cancel", {"by": by, "note": note})


def refund(  # noqa: PLR0913 - each is an option of the command
    order_id: OrderId,
    *,
    amount: Amount = None,
    key: Annotated[
        str | None, typer.Option(help="Of a refund asked for before: once more.")
    ] = None,
    by: By = NOBODY,
    note: Note = "",
    orders_url: OrdersUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Give back what was taken, or a part of it; with the same key, once."""
    key = key or str(uuid4())
    output.print(Text(f"If no answer comes, ask once more with --key {key}"))
    body = {"amount": amount, "by": by, "note": note}
    _ask(orders_url, data_dir, order_id, "refund", body, key)


def retry(
    order_id: OrderId,
    *,
    by: By = NOBODY,
    note: Note = "",
    orders_url: OrdersUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Try the step again that needs attention."""
    _ask(orders_url, data_dir, order_id, "retry", {"by": by, "note": note})


def resolve(  # noqa: PLR0913 - each is an option of the command
    order_id: OrderId,
    *,
    resolution: Annotated[str, typer.Option("--as", help="The state that the order ends in.")],
    note: Annotated[str, typer.Option(help="Why; stands in the history.")],
    by: By = NOBODY,
    orders_url: OrdersUrl = None,
    data_dir: DataDir = None,
) -> None:
    """End an order by hand that needs attention; nothing is sent to Stripe."""
    body = {"as": resolution, "by": by, "note": note}
    _ask(orders_url, data_dir, order_id, "resolve", body)


def _ask(  # noqa: PLR0913, PLR0917 - what is asked, of what, where
    orders_url: str | None,
    data_dir: Path | None,
    order_id: str,
    verb: str,
    body: Json,
    key: str | None = None,
) -> None:
    with report_errors(), Api(find_orders_url(orders_url, data_dir)) as api:
        answer = api.post(order_path(order_id, verb), body, key)
    output.print(Text(f"Order {answer['id']} is {answer['state']}: {answer['effect']}"))
    output.print(Text(f"Follow it: saga show {answer['id']}"))
