"""`saga why`: one sentence about one order."""

from rich.text import Text

from saga_cli.actions import OrderId
from saga_cli.api import Api, order_path
from saga_cli.console import output, report_errors
from saga_cli.orders import DataDir, OrdersUrl, find_orders_url


def why(order_id: OrderId, orders_url: OrdersUrl = None, data_dir: DataDir = None) -> None:
    """Say in one sentence what an order waits for, since when, until when, and who is behind."""
    with report_errors(), Api(find_orders_url(orders_url, data_dir)) as api:
        output.print(Text(api.get(order_path(order_id, "why"))["why"]), soft_wrap=True)
