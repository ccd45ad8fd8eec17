"""`saga demo`: orders with every kind of card, then the lifecycle of a hold."""

import secrets
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.live import Live
from rich.text import Text
from saga_cli.api import Api
from saga_cli.console import errors, output, report_errors
from saga_cli.paths import demo_dir
from saga_stack.commands.session import addresses_table, stack_session, watch
from saga_stack.settings import StackSettings, with_environment
from saga_stack.stack import Stack

from saga_demo.card_orders import PlacedOrder, follow, place_order
from saga_demo.cases import CASES
from saga_demo.scenarios import DemoContext, run_scenarios
from saga_demo.text import demo_table, ledger_line, plain_line, scenario_line
from saga_demo.users import prepare_user, stripe_client

SHORT_TIMEOUTS = {"AUTHORIZATION_TIMEOUT_SECONDS": "6", "STRIPE_TIMEOUT_SECONDS": "8"}
"""So that the scenario in which Stripe never responds is short."""


def demo(
    *,
    data_dir: Annotated[Path | None, typer.Option(help="The data folder; emptied first.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep running until Ctrl-C.")] = False,
) -> None:
    """Start the stack, place an order with every kind of card, and show a hold's lifecycle.

    Exit code 1 if an order does not end as expected.
    """
    folder = (data_dir or demo_dir()).absolute()
    failed = True
    with report_errors():
        settings = with_environment(StackSettings(data_dir=folder))
        settings = replace(settings, service_env={**SHORT_TIMEOUTS, **settings.service_env})
        with stack_session(settings, fresh=True) as stack:
            failed = not (report_orders(run_orders(stack)) & report_scenarios(stack))
            if keep:
                output.print(addresses_table(stack))
                errors.print("Still running. Ctrl-C stops everything.")
                watch(stack)
    raise typer.Exit(int(failed))


def run_orders(stack: Stack) -> list[PlacedOrder]:
    """Register the users, place their orders, and show them until all have finished."""
    run = secrets.token_hex(3)
    sdk = stripe_client(stack.settings, stack.addresses.stripe_api_base)
    with Api(stack.users_url) as users, Api(stack.orders_url) as orders:
        people = [(f"user_demo_{run}_{number:02}", case) for number, case in enumerate(CASES)]
        errors.print(f"Registering users at {_stripe_name(stack)}")
        for clerk_user_id, case in people:
            prepare_user(users, clerk_user_id, case, sdk)
        errors.print("Placing orders")
        placed = [place_order(orders, case, clerk_user_id) for clerk_user_id, case in people]
        _show(stack, orders, placed)
        return placed


def report_orders(placed: Sequence[PlacedOrder]) -> bool:
    """Print the summary; return True if every order ended as expected for its card."""
    failed = [each for each in placed if each.differences()]
    for each in failed:
        differences = "; ".join(each.differences())
        output.print(Text(f"{each.case.title} ({each.order['id']}): {differences}"))
    _print_total(len(placed) - len(failed), len(placed), "orders ended as expected for their card")
    return not failed


def report_scenarios(stack: Stack) -> bool:
    """Run and print the scenarios; return True if every one ended as expected."""
    user = f"user_hold_{secrets.token_hex(3)}"
    with ExitStack() as clients:
        users = clients.enter_context(Api(stack.users_url))
        orders = clients.enter_context(Api(stack.orders_url))
        emulated = stack.settings.emulated_stripe
        emulator = clients.enter_context(Api(stack.emulator_url)) if emulated else None
        users.post("/users", {"clerk_user_id": user})
        users.put(f"/users/{user}/card", {"payment_method_id": "pm_card_visa", "attach": True})
        errors.print("Running the scenarios of a hold")
        results = run_scenarios(DemoContext(orders, user, emulator))
        for scenario, order in results:
            output.print(scenario_line(scenario, order))
        if emulator:
            for currency, totals in emulator.get("/_emulator/ledger")["totals"].items():
                output.print(Text(ledger_line(currency, totals)))
    succeeded = sum(not scenario.differences(order) for scenario, order in results)
    _print_total(succeeded, len(results), "scenarios ended as expected")
    return succeeded == len(results)


def _print_total(succeeded: int, total: int, sentence: str) -> None:
    style = "bold green" if succeeded == total else "bold red"
    output.print(Text(f"{succeeded} of {total} {sentence}.", style=style))


def _show(stack: Stack, orders: Api, placed: Sequence[PlacedOrder]) -> None:
    if not output.is_terminal:
        for finished in follow(orders, placed):
            stack.check()
            for each in finished:
                output.print(plain_line(each))
        return
    with Live(demo_table(placed), console=output, auto_refresh=False) as live:
        for _ in follow(orders, placed):
            stack.check()
            live.update(demo_table(placed), refresh=True)


def _stripe_name(stack: Stack) -> str:
    return stack.addresses.stripe_api_base or "Stripe (test mode)"
