"""Free ports on loopback that nobody else can take before they are used."""

import random
import socket
from contextlib import suppress
from types import TracebackType
from typing import Self

import psutil

from saga_stack.errors import PortTakenError

LOOPBACK = "127.0.0.1"
# Ports from 32768 up are handed to outgoing connections by the kernel: a server there can collide.
SEARCH_RANGE = range(20_000, 32_768)


class PortReservation:
    """A port of 127.0.0.1 that stays taken until `release` is called.

    The socket listens while it is reserved: a bound socket alone would not keep out another
    process that sets `SO_REUSEADDR`, as nearly every server does.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((LOOPBACK, port))
            self._socket.listen(1)
        except BaseException:
            self._socket.close()
            raise

    def release(self) -> int:
        """Gives the port up, right before the process it is meant for starts; may be repeated."""
        self._socket.close()
        return self.port

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


def reserve_port(port: int, purpose: str) -> PortReservation:
    """Reserves exactly this port.

    Raises:
        PortTakenError: Someone listens there; the message names the port and, if it can be seen,
            the process.
    """
    try:
        return PortReservation(port)
    except (OSError, OverflowError) as error:
        raise PortTakenError(
            f"Port {port}, meant for {purpose}, cannot be used: {_owner(port) or error}.",
            "Stop that process, or choose another port.",
        ) from error


def reserve_free_port() -> PortReservation:
    """Reserves any free port below the range of outgoing connections.

    Raises:
        PortTakenError: Not one port of the range is free.
    """
    for port in random.sample(SEARCH_RANGE, len(SEARCH_RANGE)):
        try:
            return PortReservation(port)
        except OSError:
            continue
    raise PortTakenError(
        f"No port from {SEARCH_RANGE.start} to {SEARCH_RANGE.stop - 1} is free.",
        "Stop programs that listen there.",
    )


def _owner(port: int) -> str | None:
    with suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            address = connection.laddr
            if connection.status == psutil.CONN_LISTEN and address and address.port == port:
                name = psutil.Process(connection.pid).name() if connection.pid else "a process"
                return f"{name} (process id {connection.pid or 'unknown'}) listens there"
    return None
