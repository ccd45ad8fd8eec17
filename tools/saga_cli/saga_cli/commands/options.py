"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated, Final

import typer

OrderId = Annotated[str, typer.Argument(metavar="ID", help="The order's id.")]
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
