"""Free ports for a compose project."""

import random

from saga_stack.errors import PortTakenError
from saga_stack.processes.ports import SEARCH_RANGE, PortReservation

REPLICA_PORTS = 10
"""Ports for the replicas of one service, as many as the ranges of docker-compose.yml have."""
SINGLE = ("KAFKA_PORT", "POSTGRES_PORT", "USER_PORT", "EMULATOR_PORT")
RANGES = ("ORDER_SAGA_PORTS", "PAYMENT_PORTS")


def free_ports() -> dict[str, str]:
    """Return a free port or range of ports for each port variable of docker-compose.yml.

    Raises:
        PortTakenError: There are not enough free ports in a row.
    """
    first = _free_block(len(SINGLE) + len(RANGES) * REPLICA_PORTS)
    ports = {name: str(first + offset) for offset, name in enumerate(SINGLE)}
    for offset, name in enumerate(RANGES):
        start = first + len(SINGLE) + offset * REPLICA_PORTS
        ports[name] = f"{start}-{start + REPLICA_PORTS - 1}"
    return ports


def _free_block(size: int) -> int:
    firsts = range(SEARCH_RANGE.start, SEARCH_RANGE.stop - size, size)
    for first in random.sample(firsts, len(firsts)):
        try:
            for port in range(first, first + size):
                PortReservation(port).release()
        except OSError:
            continue
        return first
    raise PortTakenError(f"No {size} ports in a row are free.")
