"""The addresses of the services that the commands call."""

from pathlib import Path

from saga_cli.errors import CommandError
from saga_cli.paths import data_dir, demo_dir
from saga_cli.running_stack import read_running_stack


def find_orders_url(chosen: str | None, folder: Path | None) -> str:
    """Return the order service's address; see `find_service_url`.

    Raises:
        CommandError: None was chosen and no stack is running.
    """
    return find_service_url("order_saga", chosen, folder, "--orders-url or ORDERS_URL")


def find_payments_url(chosen: str | None, folder: Path | None) -> str:
    """Return the payment service's address; see `find_service_url`.

    Raises:
        CommandError: None was chosen and no stack is running.
    """
    return find_service_url("payment", chosen, folder, "--payments-url or PAYMENTS_URL")


def find_service_url(service: str, chosen: str | None, folder: Path | None, setting: str) -> str:
    """Return the chosen address, or that of the service in the stack on this machine.

    Args:
        service: The service's name in the stack.
        chosen: The address that the user named, if any.
        folder: The stack's data folder; default: that of `saga up`, then that of `saga demo`.
        setting: How to choose an address, for the error message.

    Raises:
        CommandError: None was chosen and no stack is running.
    """
    if chosen:
        return chosen
    for candidate in [folder] if folder else [data_dir(), demo_dir()]:
        running = read_running_stack(candidate.absolute())
        if running and service in running.urls:
            return running.urls[service]
    raise CommandError(
        "No stack is running on this machine.",
        f"Start one with saga up, or set the service's address with {setting}.",
    )
