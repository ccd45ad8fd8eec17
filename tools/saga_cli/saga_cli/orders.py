"""`saga orders` and `saga show`: what the order service knows."""

from pathlib import Path
from typing import Annotated

import typer

from saga_cli import running
from saga_cli.api import Api, order_path
from saga_cli.errors import StackError
from saga_cli.order_text import order_story, orders_table
from saga_cli.paths import data_dir, demo_dir
from saga_cli.screen import clear_errors, output

OrdersUrl = Annotated[
    str | None,
    typer.Option(envvar="ORDERS_URL", help="The order service; else the stack that runs here."),
]
DataDir = Annotated[Path | None, typer.Option(help="The data folder of the stack that is asked.")]


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
    user: Annotated[str | None, typer.Option(help="Only this user's, by clerk_user_id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20,
    cursor: Annotated[str | None, typer.Option(help="Go on where the last page ended.")] = None,
    orders_url: OrdersUrl = None,
    data_dir: DataDir = None,
) -> None:
    """List orders, newest first."""
    with clear_errors(), Api(find_orders_url(orders_url, data_dir)) as api:
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
        output.print(f"\nMore: saga orders --cursor {page['next_cursor']}", soft_wrap=True)


def show(
    order_id: Annotated[str, typer.Argument(metavar="ID", help="The order's id.")],
    orders_url: OrdersUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Tell the whole story of one order: state, reason with cause and cure, every message."""
    with clear_errors(), Api(find_orders_url(orders_url, data_dir)) as api:
        output.print(order_story(api.get(order_path(order_id))))


def find_orders_url(chosen: str | None, folder: Path | None) -> str:
    """The address to ask: the chosen one, else that of the stack that runs here.

    Raises:
        StackError: None was chosen and no stack runs.
    """
    return find_url("order_saga", chosen, folder, "--orders-url or ORDERS_URL")


def find_url(service: str, chosen: str | None, folder: Path | None, naming: str) -> str:
    """Likewise of any service; `naming` is how to choose it.

    Raises:
        StackError: None was chosen and no stack runs.
    """
    if chosen:
        return chosen
    for candidate in [folder] if folder else [data_dir(), demo_dir()]:
        found = running.read(candidate.absolute())
        if found and service in found.urls:
            return found.urls[service]
    raise StackError(
        "No stack runs here.",
        f"Start one with saga up, or name the service with {naming}.",
    )
