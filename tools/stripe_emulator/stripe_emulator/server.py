"""The emulator on a socket: loopback, unless more is asked for."""

import asyncio
import ipaddress
import socket
import struct

import uvicorn

from stripe_emulator.app import create_app
from stripe_emulator.emulator import Emulator
from stripe_emulator.settings import Settings

_LINGER_NOT = struct.pack("ii", 1, 0)
_SHUTDOWN_SECONDS = 2
_PATIENCE_SECONDS = 1.0


def listen(host: str, port: int, *, beyond_loopback: bool = False) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises:
        ValueError: the address is not a loopback address, and may not be another.
        OSError: the port is taken.
    """
    address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    if not address.is_loopback and not beyond_loopback:
        raise ValueError(
            f"The emulator listens on loopback only, not on {host}, without --beyond-loopback."
        )
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET  # noqa: PLR2004
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((str(address), port))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


class EmulatorServer(uvicorn.Server):
    """A server for a new emulator; `run(sockets=[listen(...)])` runs it until it is told to stop.

    Args:
        settings: the emulator's settings.
        log_level: of the server's own log, in small letters.
    """

    def __init__(self, settings: Settings | None = None, log_level: str = "info") -> None:
        app = create_app(settings, self.reset, lambda: self.should_exit)
        self.emulator: Emulator = app.state.emulator
        super().__init__(
            uvicorn.Config(
                app,
                log_level=log_level,
                access_log=False,
                server_header=False,
                lifespan="on",
                ws="none",
                timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
            )
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop within two seconds, though a client does not read what it is sent."""
        asyncio.get_running_loop().call_later(_PATIENCE_SECONDS, self._drop_slow_clients)
        await super().shutdown(sockets)

    def _drop_slow_clients(self) -> None:
        for connection in tuple(self.server_state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None and transport.get_write_buffer_size():
                transport.abort()

    def reset(self, client: tuple[str, int] | None) -> None:
        """Reset the connection of a client, which sees ECONNRESET after what was sent to it."""
        for connection in tuple(self.server_state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None and transport.get_extra_info("peername")[:2] == client:
                sock = transport.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
                transport.close()
