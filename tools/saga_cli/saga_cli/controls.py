"""`saga pause` and `saga resume`: whether new orders are taken."""

from typing import Annotated

import typer
from rich.text import Text

from saga_cli.actions import NOBODY, By, Note
from saga_cli.api import Api
from saga_cli.console import output, report_errors
from saga_cli.orders import DataDir, OrdersUrl, find_orders_url


def pause(
    *,
    note: Annotated[str, typer.Option(help="Why: everybody whose order is refused is told.")],
    by: By = NOBODY,
    orders_url: OrdersUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Take no new orders until `saga resume`; what is under way goes on."""
    with report_errors(), Api(find_orders_url(orders_url, data_dir)) as api:
        paused = api.post("/controls/pause", {"by": by, "note": note})["paused"]
    output.print(
        Text(
            f"New orders are paused by {paused['by']} since {paused['since']}: {paused['note']}\n"
            "What is under way goes on. Take new orders again: saga resume"
        )
    )


def resume(
    *, by: By = NOBODY, note: Note = "", orders_url: OrdersUrl = None, data_dir: DataDir = None
) -> None:
    """Take new orders again."""
    with report_errors(), Api(find_orders_url(orders_url, data_dir)) as api:
        api.post("/controls/resume", {"by": by, "note": note})
    output.print("New orders are taken.")
