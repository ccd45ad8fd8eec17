"""`saga reconcile`: the payment service compares its payments with Stripe, now."""

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from saga_cli.api import Api, Json
from saga_cli.orders import DataDir, find_url
from saga_cli.screen import clear_errors, output

TIMEOUT_SECONDS = 300.0

PaymentsUrl = Annotated[
    str | None,
    typer.Option(envvar="PAYMENTS_URL", help="The payment service; else the stack that runs here."),
]
Since = Annotated[
    str | None, typer.Option(help="Compare what was made since then: ISO 8601 with a UTC offset.")
]


def reconcile(
    *, since: Since = None, payments_url: PaymentsUrl = None, data_dir: DataDir = None
) -> None:
    """Compare payments with Stripe, repair what is safe, and tell what is not: exit code 1."""
    with clear_errors():
        url = find_url("payment", payments_url, data_dir, "--payments-url or PAYMENTS_URL")
        with Api(url, TIMEOUT_SECONDS) as api:
            report = api.post("/reconcile", {"since": since})
    output.print(_summary(report), soft_wrap=True)
    for kind, title in (("repaired", "REPAIRED"), ("not_repaired", "NOT REPAIRED")):
        if report[kind]:
            output.print(_differences(title, report[kind]))
    if report["not_repaired"]:
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
