"""`saga demo`: orders with every kind of card, each of which must end as its card says."""

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

from saga_demo.card_orders import Placed, follow, place
from saga_demo.cases import CASES
from saga_demo.scenarios import Stage, ledger_line, play
from saga_demo.text import demo_table, life_line, plain_line
from saga_demo.users import prepare_user, stripe_client

IMPATIENT = {"AUTHORIZATION_TIMEOUT_SECONDS": "6", "STRIPE_TIMEOUT_SECONDS": "5"}
"""So that the story of a Stripe that never answers is over before its reader leaves."""


def demo(
    *,
    data_dir: Annotated[Path | None, typer.Option(help="Emptied first.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Go on running until Ctrl-C.")] = False,
) -> None:
    """Start everything, place an order with every kind of card, then show what a hold can become.

    Each order must end as its card, or its story, says.
    """
    folder = (data_dir or demo_dir()).absolute()
    failed = True
    with report_errors():
        settings = with_environment(StackSettings(data_dir=folder))
        settings = replace(settings, service_env={**IMPATIENT, **settings.service_env})
        with stack_session(settings, fresh=True) as stack:
            failed = not (report(run_demo(stack)) & report_lives(stack))
            if keep:
                output.print(addresses_table(stack))
                errors.print("Still running. Ctrl-C stops everything.")
                watch(stack)
    raise typer.Exit(int(failed))


def run_demo(stack: Stack) -> list[Placed]:
    """Registers the users, places the orders, and shows them until all have finished."""
    run = secrets.token_hex(3)
    sdk = stripe_client(stack.settings, stack.addresses.stripe_api_base)
    with Api(stack.users_url) as users, Api(stack.orders_url) as orders:
        people = [(f"user_demo_{run}_{number:02}", case) for number, case in enumerate(CASES)]
        errors.print(f"Registering users at {_stripe_name(stack)}")
        for clerk_user_id, case in people:
            prepare_user(users, clerk_user_id, case, sdk)
        errors.print("Placing orders")
        placed = [place(orders, case, clerk_user_id) for clerk_user_id, case in people]
        _show(stack, orders, placed)
        return placed


def report(placed: Sequence[Placed]) -> bool:
    """Prints the summary; returns whether every order ended as its card says."""
    wrong = [one for one in placed if one.differences()]
    for one in wrong:
        output.print(Text(f"{one.case.title} ({one.order['id']}): {'; '.join(one.differences())}"))
    right = len(placed) - len(wrong)
    style = "bold red" if wrong else "bold green"
    output.print(Text(f"{right} of {len(placed)} orders ended as their card says.", style=style))
    return not wrong


def report_lives(stack: Stack) -> bool:
    """Plays and prints what becomes of holds. Returns whether each ended as its story says."""
    user = f"user_life_{secrets.token_hex(3)}"
    with ExitStack() as open_:
        users = open_.enter_context(Api(stack.users_url))
        orders = open_.enter_context(Api(stack.orders_url))
        emulated = stack.settings.emulated_stripe
        emulator = open_.enter_context(Api(stack.emulator_url)) if emulated else None
        users.post("/users", {"clerk_user_id": user})
        users.put(f"/users/{user}/card", {"payment_method_id": "pm_card_visa", "attach": True})
        errors.print("What becomes of a hold")
        told = play(Stage(orders, user, emulator))
        for story, order in told:
            output.print(life_line(story, order))
        if emulator:
            for currency, totals in emulator.get("/_emulator/ledger")["totals"].items():
                output.print(Text(ledger_line(currency, totals)))
    right = sum(not story.differences(order) for story, order in told)
    style = "bold green" if right == len(told) else "bold red"
    output.print(Text(f"{right} of {len(told)} holds became what their story says.", style=style))
    return right == len(told)


def _show(stack: Stack, orders: Api, placed: Sequence[Placed]) -> None:
    if not output.is_terminal:
        for news in follow(orders, placed):
            stack.check()
            for one in news:
                output.print(plain_line(one))
        return
    with Live(demo_table(placed), console=output, auto_refresh=False) as live:
        for _ in follow(orders, placed):
            stack.check()
            live.update(demo_table(placed), refresh=True)


def _stripe_name(stack: Stack) -> str:
    return stack.addresses.stripe_api_base or "Stripe (test mode)"
