"""`saga why`: one sentence about one order."""

from rich.text import Text

from saga_cli.actions import OrderId
from saga_cli.api import Api, order_path
from saga_cli.orders import DataDir, OrdersUrl, find_orders_url
from saga_cli.screen import clear_errors, output


def why(order_id: OrderId, orders_url: OrdersUrl = None, data_dir: DataDir = None) -> None:
    """Say in one sentence what an order waits for, since when, until when, and who is behind."""
    with clear_errors(), Api(find_orders_url(orders_url, data_dir)) as api:
        output.print(Text(api.get(order_path(order_id, "why"))["why"]), soft_wrap=True)
