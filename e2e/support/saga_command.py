"""The `saga` command, run against a system under test."""

import re

from saga_cli.main import app
from support.system import OrdersApi
from typer.testing import CliRunner


def saga(system: OrdersApi, *command: str) -> str:
    """Run a `saga` command with the system's orders URL; return its output.

    Raises:
        AssertionError: It failed.
    """
    result = CliRunner().invoke(app, [*command, "--orders-url", system.orders_url])
    assert result.exit_code == 0, result.output
    return result.output


def listed_dead_letters(system: OrdersApi) -> list[str]:
    """Return the ids that `saga dlq list` shows, as TOPIC/PARTITION/OFFSET."""
    return re.findall(r"\w+\.dlq/\d+/\d+", saga(system, "dlq", "list"))
