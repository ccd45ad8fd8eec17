"""The addresses of the services that the commands call."""

from pathlib import Path
from typing import Final

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


SETTINGS: Final = {
    "order_saga": "--orders-url or ORDERS_URL",
    "payment": "--payments-url or PAYMENTS_URL",
    "user": "--users-url or USERS_URL",
}
"""How to choose the address of each service."""


class ServiceUrls:
    """The addresses of all services: the chosen ones, else those of the stack on this machine."""

    def __init__(
        self, orders: str | None, payments: str | None, users: str | None, folder: Path | None
    ) -> None:
        self._chosen = {"order_saga": orders, "payment": payments, "user": users}
        self._folder = folder

    def find(self, service: str) -> str:
        """Return the address of a service.

        Raises:
            CommandError: There is no such service, or its address is not known.
        """
        if service not in SETTINGS:
            names = ", ".join(SETTINGS)
            raise CommandError(f"{service} is not a service.", f"The services are {names}.")
        return find_service_url(service, self._chosen[service], self._folder, SETTINGS[service])

    def known(self) -> list[str]:
        """Return the services whose address is known.

        If one was chosen, the stack on this machine may be another system: only the chosen count.

        Raises:
            CommandError: None was chosen and no stack is running.
        """
        chosen = [service for service, url in self._chosen.items() if url]
        if not chosen:
            self.find("order_saga")
        return chosen or list(SETTINGS)
