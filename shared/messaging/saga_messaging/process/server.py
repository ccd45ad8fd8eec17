"""uvicorn, with a bound on the time that shutdown takes."""

import signal
import threading
from socket import socket

import structlog
import uvicorn
from fastapi import FastAPI
from uvicorn.config import STARTUP_FAILURE

from saga_messaging.settings import ServiceSettings
from saga_messaging.termination import end_process

logger = structlog.get_logger(__name__)


def serve(api: FastAPI, settings: ServiceSettings) -> None:
    """Serve until SIGTERM or SIGINT; then finish the requests and the lifespan, and end.

    Ending takes at most `stop_timeout_seconds`, whatever hangs.

    Raises:
        SystemExit: 0 after a signal; else it did not start, and the log says why.
    """
    # uvicorn takes the signals over, and when it is done raises them again.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    config = uvicorn.Config(
        api,
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        access_log=False,
        # On uvloop, closing a TLS connection to Kafka may wait for Kafka for half a minute.
        loop="asyncio" if settings.kafka_username else "auto",
        timeout_graceful_shutdown=settings.http_shutdown_seconds,
    )
    server = _Server(config, settings.stop_timeout_seconds)
    server.run()
    if not server.started:
        raise SystemExit(STARTUP_FAILURE)


def _end(*_: object) -> None:
    raise SystemExit(0)


class _Server(uvicorn.Server):
    """uvicorn, with a bound on the time that it takes to end."""

    def __init__(self, config: uvicorn.Config, stop_timeout_seconds: float) -> None:
        super().__init__(config)
        # A thread, since what hangs may be the event loop, or a thread that the end waits for.
        self._bound = threading.Timer(stop_timeout_seconds, _give_up)
        self._bound.daemon = True

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        self._bound.start()
        await super().shutdown(sockets)


def _give_up() -> None:
    """What is left undone is not acked, not committed or not marked, and is taken up again."""
    logger.critical("stop_timed_out")
    end_process()
