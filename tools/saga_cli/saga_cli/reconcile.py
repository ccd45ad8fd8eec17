"""`saga reconcile`: payments are compared with Stripe, and orders with payments, now."""

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from saga_cli.actions import NOBODY, By, Note
from saga_cli.api import Api, Json
from saga_cli.console import output, report_errors
from saga_cli.order_payment_diff import Comparison, compare
from saga_cli.orders import DataDir, OrdersUrl, find_orders_url, find_url

TIMEOUT_SECONDS = 300.0

PaymentsUrl = Annotated[
    str | None,
    typer.Option(envvar="PAYMENTS_URL", help="The payment service; else the stack that runs here."),
]
Since = Annotated[
    str | None, typer.Option(help="Compare what was made since then: ISO 8601 with a UTC offset.")
]
Orders = Annotated[int, typer.Option(min=0, help="How many orders, the newest, are compared.")]


def reconcile(  # noqa: PLR0913 - each is an option of the command
    *,
    since: Since = None,
    orders: Orders = 1_000,
    by: By = NOBODY,
    note: Note = "",
    payments_url: PaymentsUrl = None,
    orders_url: OrdersUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Compare payments with Stripe and orders with payments; exit code 1 if anything is left.

    What is safe is repaired at Stripe; an order that differs from its payment is told. Who asked
    and why is kept with what came of it, at GET /reconciliations of the payment service.
    """
    with report_errors():
        url = find_url("payment", payments_url, data_dir, "--payments-url or PAYMENTS_URL")
        with Api(url, TIMEOUT_SECONDS) as api:
            report = api.post("/reconcile", {"since": since, "by": by, "note": note})
            with Api(find_orders_url(orders_url, data_dir)) as orders_api:
                found = compare(orders_api, api, orders)
    output.print(_summary(report), soft_wrap=True)
    for kind, title in (("repaired", "REPAIRED"), ("not_repaired", "NOT REPAIRED")):
        if report[kind]:
            output.print(_differences(title, report[kind]))
    output.print(
        f"The newest orders and their payments: {found.compared} compared, "
        f"{found.under_way} under way, {len(found.differing)} differ."
    )
    if found.differing:
        output.print(_orders_that_differ(found))
    if report["not_repaired"] or found.differing:
        raise typer.Exit(1)


def _summary(report: Json) -> Text:
    waiting = f"{len(report['waiting'])} under way or too young to be judged"
    return Text(
        f"Stripe's PaymentIntents since {report['since']}: {report['seen']} seen, "
        f"{report['in_agreement']} in agreement, {report['not_ours']} not ours, {waiting}, "
        f"{len(report['repaired'])} repaired, {len(report['not_repaired'])} not repaired."
    )


def _differences(title: str, differences: list[Json]) -> Table:
    table = Table("ORDER", "PAYMENT INTENT", "ACTION", "REASON", title=title, box=None)
    for each in differences:
        row = (each["saga_id"], each["payment_intent_id"], each["action"], each["reason"])
        table.add_row(*map(Text, row))
    return table


def _orders_that_differ(found: Comparison) -> Table:
    table = Table("ORDER", "DIFFERENCE", title="ORDERS THAT DIFFER", box=None)
    for row in found.differing:
        table.add_row(*map(Text, row))
    return table
