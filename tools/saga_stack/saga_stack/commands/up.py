"""`saga up`: run the local stack until Ctrl-C."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from saga_cli.console import errors, output, report_errors
from saga_cli.paths import data_dir as default_data_dir

from saga_stack.commands.session import addresses_table, stack_session, watch
from saga_stack.services import DEFAULT_PORTS, EMULATOR, KAFKA, SERVICES
from saga_stack.settings import StackSettings, with_environment


def _port(name: str) -> object:
    return typer.Option(help=f"Port of {name}; 0 for a free one.", min=0, max=65_535)


def up(  # noqa: PLR0913 - each is an option of the command
    *,
    data_dir: Annotated[Path | None, typer.Option(help="The data folder; kept.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Delete all earlier data.")] = False,
    secure_kafka: Annotated[
        bool, typer.Option("--secure-kafka", help="Kafka with TLS, passwords and ACLs.")
    ] = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Print the logs.")] = False,
    orders_port: Annotated[int, _port("order_saga")] = DEFAULT_PORTS["order_saga"],
    users_port: Annotated[int, _port("user")] = DEFAULT_PORTS["user"],
    payments_port: Annotated[int, _port("payment")] = DEFAULT_PORTS["payment"],
    emulator_port: Annotated[int, _port("the Stripe emulator")] = DEFAULT_PORTS["emulator"],
    kafka_port: Annotated[int, _port("the first broker")] = DEFAULT_PORTS["kafka"],
    brokers: Annotated[int, typer.Option(help="The number of Kafka brokers: 1 or 3.", min=1)] = 1,
    scale: Annotated[
        list[str] | None, typer.Option(help="Replicas of a service: payment=3; repeatable.")
    ] = None,
) -> None:
    """Start Kafka, PostgreSQL, the Stripe emulator and the services; Ctrl-C stops them."""
    ports = {
        "order_saga": orders_port,
        "user": users_port,
        "payment": payments_port,
        EMULATOR: emulator_port,
        KAFKA: kafka_port,
    }
    with report_errors():
        chosen = StackSettings(
            data_dir=(data_dir or default_data_dir()).absolute(),
            ports=ports,
            brokers=brokers,
            replicas=_replicas(scale or ()),
            secure_kafka=secure_kafka,
        )
        with stack_session(with_environment(chosen), fresh=fresh) as stack:
            output.print(addresses_table(stack))
            errors.print("Ready. Ctrl-C stops everything.")
            watch(stack, follow=follow)


def _replicas(scale: Sequence[str]) -> dict[str, int]:
    counts = dict[str, int]()
    for option in scale:
        service, _, count = option.partition("=")
        if service not in SERVICES or not count.isdecimal() or not int(count):
            names = ", ".join(SERVICES)
            raise typer.BadParameter(
                f"--scale {option}: expected SERVICE=COUNT, with a service of {names}"
            )
        counts[service] = int(count)
    return counts
