"""`saga orders` and `saga show`: list orders, and show one with its history."""

from typing import Annotated

import typer
from rich.text import Text

from saga_cli.api import Api, Json, order_path
from saga_cli.commands.options import DataDir, OrderId, OrdersUrl
from saga_cli.console import output, report_errors
from saga_cli.service_urls import find_orders_url
from saga_cli.text.orders import order_details, orders_table


def orders(  # noqa: PLR0913 - each is a filter of the API
    *,
    state: Annotated[str | None, typer.Option(help="Only orders in this state.")] = None,
    stuck: Annotated[
        bool,
        typer.Option(
            "--stuck",
            help="Only orders that need attention, are overdue or past their deadline, "
            "or wait for a newer replica.",
        ),
    ] = False,
    user: Annotated[str | None, typer.Option(help="Only this clerk_user_id's orders.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="The page size.")] = 20,
    cursor: Annotated[str | None, typer.Option(help="Where the previous page ended.")] = None,
    orders_url: OrdersUrl = None,
    data_dir: DataDir = None,
) -> None:
    """List orders, newest first."""
    with report_errors(), Api(find_orders_url(orders_url, data_dir)) as api:
        page = api.get(
            "/orders",
            state=state,
            stuck="true" if stuck else None,
            clerk_user_id=user,
            limit=limit,
            cursor=cursor,
        )
    output.print(orders_table(page["orders"]))
    if page["next_cursor"]:
        next_page = Text(f"\nNext page: saga orders --cursor {page['next_cursor']}")
        output.print(next_page, soft_wrap=True)


def show(
    order_id: OrderId,
    *,
    whole: Annotated[
        bool, typer.Option("--all", help="The whole history, also if it is long.")
    ] = False,
    orders_url: OrdersUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Show an order: its state, the reason with cause and cure, and its messages."""
    with report_errors(), Api(find_orders_url(orders_url, data_dir)) as api:
        order = api.get(order_path(order_id))
        if whole and order.get("history_omitted"):
            order |= {"history": _whole_history(api, order_id), "history_omitted": 0}
        output.print(order_details(order))


def _whole_history(api: Api, order_id: str) -> list[Json]:
    entries: list[Json] = []
    cursor: str | None = None
    while True:
        page = api.get(order_path(order_id, "history"), cursor=cursor)
        entries += page["history"]
        cursor = page["next_cursor"]
        if cursor is None:
            return entries
