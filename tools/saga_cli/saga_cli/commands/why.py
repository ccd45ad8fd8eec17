"""`saga why`: explain one order in one sentence."""

from rich.text import Text

from saga_cli.api import Api, order_path
from saga_cli.commands.options import DataDir, OrderId, OrdersUrl
from saga_cli.console import output, report_errors
from saga_cli.service_urls import find_orders_url


def why(order_id: OrderId, orders_url: OrdersUrl = None, data_dir: DataDir = None) -> None:
    """Explain what an order is waiting for, since when and until when."""
    with report_errors(), Api(find_orders_url(orders_url, data_dir)) as api:
        output.print(Text(api.get(order_path(order_id, "why"))["why"]), soft_wrap=True)
