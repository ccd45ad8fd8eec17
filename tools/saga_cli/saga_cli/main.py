"""The command `saga`."""

import typer

from saga_cli.commands.actions import cancel, capture, refund, resolve, retry
from saga_cli.commands.controls import pause, resume
from saga_cli.commands.dead_letters import dlq
from saga_cli.commands.orders import orders, show
from saga_cli.commands.outbox import outbox
from saga_cli.commands.reconcile import reconcile
from saga_cli.commands.why import why
from saga_cli.console import print_any_character, report_unwritable_output
from saga_cli.plugins import PluginGroup

app = typer.Typer(
    cls=PluginGroup,
    help="Run the saga reference system on this machine, and operate its orders.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
for command in (orders, show):
    app.command()(command)
app.command("list")(orders)
for command in (why, reconcile, capture, cancel, refund, retry, resolve, pause, resume):
    app.command(rich_help_panel="Operators")(command)
app.add_typer(dlq, name="dlq", rich_help_panel="Operators")
app.add_typer(outbox, name="outbox", rich_help_panel="Operators")


def main() -> None:
    """Run the command."""
    with report_unwritable_output():
        print_any_character()
        app()
