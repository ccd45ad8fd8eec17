"""The HTTP server, with a time limit on its shutdown."""

import signal
import threading
from socket import socket

import structlog
import uvicorn
from fastapi import FastAPI
from saga_http.config import bounded_config
from uvicorn.config import STARTUP_FAILURE

from saga_messaging.settings import ServiceSettings
from saga_messaging.termination import end_process

logger = structlog.get_logger(__name__)


def serve(api: FastAPI, settings: ServiceSettings) -> None:
    """Serve until SIGTERM or SIGINT; then finish requests in progress and stop the components.

    Shutdown takes at most `stop_timeout_seconds`, even if a component hangs.

    Raises:
        SystemExit: With code 0 after a signal; with another code if the server did not start.
    """
    # uvicorn handles the signals itself, and raises them again after its shutdown.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _exit_cleanly)
    config = bounded_config(
        api,
        settings,
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        access_log=False,
        ws="none",
        # On uvloop, closing a TLS connection may wait half a minute for an unresponsive broker.
        loop="asyncio" if settings.kafka_username else "auto",
        timeout_graceful_shutdown=settings.http_shutdown_seconds,
    )
    server = _Server(config, settings.stop_timeout_seconds)
    server.run()
    if not server.started:
        raise SystemExit(STARTUP_FAILURE)


def _exit_cleanly(*_: object) -> None:
    raise SystemExit(0)


class _Server(uvicorn.Server):
    """uvicorn with a time limit on its shutdown."""

    def __init__(self, config: uvicorn.Config, stop_timeout_seconds: float) -> None:
        super().__init__(config)
        # A thread: the event loop itself may hang, or a thread that the shutdown waits for.
        self._timer = threading.Timer(stop_timeout_seconds, _give_up)
        self._timer.daemon = True

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        self._timer.start()
        await super().shutdown(sockets)


def _give_up() -> None:
    """End the process; unfinished work is not acknowledged, and is done after the restart."""
    logger.critical("stop_timed_out")
    end_process()
