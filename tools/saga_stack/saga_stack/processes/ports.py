"""Ports on loopback, reserved until the server that needs them starts."""

import random
import socket
from contextlib import suppress
from types import TracebackType
from typing import Self

import psutil

from saga_stack.errors import PortTakenError

LOOPBACK = "127.0.0.1"
# The kernel uses ports from 32768 up for outgoing connections: a server there could collide.
SEARCH_RANGE = range(20_000, 32_768)


class PortReservation:
    """A port of 127.0.0.1 that stays taken until `release` is called.

    The socket listens while it is reserved: a socket that is only bound would not keep out a
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
        """Release the port right before its process starts, and return it; may be repeated."""
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
    """Reserve exactly this port.

    Raises:
        PortTakenError: The port is in use; the message names the port and, if visible, the
            process.
    """
    try:
        return PortReservation(port)
    except (OSError, OverflowError) as error:
        raise PortTakenError(
            f"Port {port} for {purpose} cannot be used: {_owner(port) or error}.",
            "Stop that process, or choose another port.",
        ) from error


def reserve_free_port() -> PortReservation:
    """Reserve any free port below the range of outgoing connections.

    Raises:
        PortTakenError: No port of the range is free.
    """
    for port in random.sample(SEARCH_RANGE, len(SEARCH_RANGE)):
        try:
            return PortReservation(port)
        except OSError:
            continue
    raise PortTakenError(
        f"No port from {SEARCH_RANGE.start} to {SEARCH_RANGE.stop - 1} is free.",
        "Stop processes that listen in this range.",
    )


def _owner(port: int) -> str | None:
    with suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            address = connection.laddr
            if connection.status == psutil.CONN_LISTEN and address and address.port == port:
                name = psutil.Process(connection.pid).name() if connection.pid else "a process"
                return f"{name} (process id {connection.pid or 'unknown'}) listens on it"
    return None
