"""`saga why`: explain one order in one sentence."""

import httpx
from rich.text import Text

from saga_cli.api import Api, Json, order_path
from saga_cli.commands.options import DataDir, OrderId, OrdersUrl, PaymentsUrl, UsersUrl
from saga_cli.console import output, report_errors
from saga_cli.service_urls import ServiceUrls


def why(
    order_id: OrderId,
    orders_url: OrdersUrl = None,
    payments_url: PaymentsUrl = None,
    users_url: UsersUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Explain what an order is waiting for, since when and until when."""
    with report_errors():
        urls = ServiceUrls(orders_url, payments_url, users_url, data_dir)
        with Api(urls.find("order_saga")) as api:
            output.print(Text(api.get(order_path(order_id, "why"))["why"]), soft_wrap=True)
        for service in urls.known():
            if service != "order_saga":
                _print_parked(service, urls.find(service), order_id)


def _print_parked(service: str, url: str, order_id: str) -> None:
    """Print the messages of the order that another service could not publish."""
    try:
        with Api(url) as api:
            parked: list[Json] = api.get("/outbox", correlation_id=order_id)["parked"]
    except httpx.HTTPError as error:
        output.print(Text(f"What {service} could not publish is unknown: {error}"), soft_wrap=True)
        return
    for record in parked:
        output.print(
            Text(
                f"{service} could not publish {record['type']} to {record['topic']}: "
                f"{record['reason']}. Correct the topic, then run "
                f"`saga outbox retry {service}/{record['message_id']}`."
            ),
            soft_wrap=True,
        )
