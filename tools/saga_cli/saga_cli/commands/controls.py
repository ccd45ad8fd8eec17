"""`saga pause` and `saga resume`: control whether new orders are accepted."""

from typing import Annotated

import typer
from rich.text import Text

from saga_cli.api import Api
from saga_cli.commands.options import DEFAULT_ACTOR, By, DataDir, Note, OrdersUrl
from saga_cli.console import output, report_errors
from saga_cli.service_urls import find_orders_url


def pause(
    *,
    note: Annotated[str, typer.Option(help="The reason; part of every refusal.")],
    by: By = DEFAULT_ACTOR,
    orders_url: OrdersUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Refuse new orders until `saga resume`; orders in progress continue."""
    with report_errors(), Api(find_orders_url(orders_url, data_dir)) as api:
        paused = api.post("/controls/pause", {"by": by, "note": note})["paused"]
    output.print(
        Text(
            f"New orders are paused by {paused['by']} since {paused['since']}: {paused['note']}\n"
            "Orders in progress continue. Accept new orders again: saga resume"
        )
    )


def resume(
    *,
    by: By = DEFAULT_ACTOR,
    note: Note = "",
    orders_url: OrdersUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Accept new orders again."""
    with report_errors(), Api(find_orders_url(orders_url, data_dir)) as api:
        api.post("/controls/resume", {"by": by, "note": note})
    output.print("New orders are accepted.")
