"""`saga reconcile`: compare payments with Stripe, and orders with payments."""

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from saga_cli.api import Api, Json
from saga_cli.commands.options import DEFAULT_ACTOR, By, DataDir, Note, OrdersUrl, PaymentsUrl
from saga_cli.console import output, report_errors
from saga_cli.order_payment_diff import Comparison, compare
from saga_cli.service_urls import find_orders_url, find_payments_url

TIMEOUT_SECONDS = 300.0

Since = Annotated[
    str | None, typer.Option(help="Start of the comparison: ISO 8601 with a UTC offset.")
]
Orders = Annotated[int, typer.Option(min=0, help="How many of the newest orders to compare.")]
Release = Annotated[
    list[str] | None,
    typer.Option(metavar="ID", help="A PaymentIntent to release, if no payment has it."),
]
ReleaseLimit = Annotated[
    int | None,
    typer.Option(min=0, max=1_000, help="Allow more releases than RECONCILE_RELEASE_LIMIT."),
]


def reconcile(  # noqa: PLR0913 - each is an option of the command
    *,
    since: Since = None,
    orders: Orders = 1_000,
    release: Release = None,
    release_limit: ReleaseLimit = None,
    by: By = DEFAULT_ACTOR,
    note: Note = "",
    payments_url: PaymentsUrl = None,
    orders_url: OrdersUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Compare payments with Stripe and orders with payments; exit code 1 if any still differ.

    Differences at Stripe that are safe to repair are repaired; orders that differ are reported.
    Each run is recorded with its requester and reason: GET /reconciliations of the payment service.
    """
    with report_errors(), Api(find_payments_url(payments_url, data_dir), TIMEOUT_SECONDS) as api:
        request = {"since": since, "by": by, "note": note}
        if release or release_limit is not None:
            request |= {"release": release or [], "release_limit": release_limit}
        report = api.post("/reconcile", request)
        with Api(find_orders_url(orders_url, data_dir)) as orders_api:
            comparison = compare(orders_api, api, orders)
    _print_report(report)
    _print_comparison(comparison)
    if report["not_repaired"] or comparison.differing:
        raise typer.Exit(1)


def _print_report(report: Json) -> None:
    output.print(
        Text(
            f"Stripe's PaymentIntents since {report['since']}: {report['seen']} found, "
            f"{report['in_agreement']} in agreement, {report['not_ours']} of other systems, "
            f"{len(report['waiting'])} in progress or too recent, "
            f"{len(report['repaired'])} repaired, {len(report['not_repaired'])} not repaired."
        ),
        soft_wrap=True,
    )
    for kind, title in (("repaired", "REPAIRED"), ("not_repaired", "NOT REPAIRED")):
        if report[kind]:
            output.print(_findings_table(title, report[kind]))


def _print_comparison(comparison: Comparison) -> None:
    output.print(
        f"Newest orders and their payments: {comparison.compared} compared, "
        f"{comparison.in_progress} in progress, {len(comparison.differing)} differ."
    )
    if comparison.differing:
        table = Table("ORDER", "DIFFERENCE", title="ORDERS THAT DIFFER", box=None)
        for row in comparison.differing:
            table.add_row(*map(Text, row))
        output.print(table)


def _findings_table(title: str, findings: list[Json]) -> Table:
    table = Table("ORDER", "PAYMENT INTENT", "ACTION", "REASON", title=title, box=None)
    for finding in findings:
        columns = ("saga_id", "payment_intent_id", "action", "reason")
        table.add_row(*(Text(finding[column]) for column in columns))
    return table
