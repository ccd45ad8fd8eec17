"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated, Final

import typer


def _path_segment(order_id: str) -> str:
    if order_id in {"", ".", ".."} or "/" in order_id:
        raise typer.BadParameter(f"{order_id!r} is not the id of an order")
    return order_id


OrderId = Annotated[
    str, typer.Argument(metavar="ID", help="The order's id.", callback=_path_segment)
]
Amount = Annotated[
    int | None, typer.Option(min=1, help="In minor units; default: the full amount.")
]
By = Annotated[str, typer.Option(envvar="USER", help="Your name; recorded in the history.")]
Note = Annotated[str, typer.Option(help="The reason; recorded in the history.")]
OrdersUrl = Annotated[
    str | None,
    typer.Option(envvar="ORDERS_URL", help="Order service; default: the stack on this machine."),
]
PaymentsUrl = Annotated[
    str | None,
    typer.Option(
        envvar="PAYMENTS_URL", help="Payment service; default: the stack on this machine."
    ),
]
UsersUrl = Annotated[
    str | None,
    typer.Option(envvar="USERS_URL", help="User service; default: the stack on this machine."),
]
DataDir = Annotated[Path | None, typer.Option(help="The data folder of the stack to use.")]

DEFAULT_ACTOR: Final = "operator"
