"""Logs as JSON lines on standard error, one for each event of the service and its libraries."""

import logging
import sys
import time
from typing import Final

import structlog

LIBRARIES: Final = ("aiokafka", "alembic", "asyncio", "faust", "mode", "stripe", "uvicorn")
REPEAT_AFTER_SECONDS: Final = 10.0


class _RateLimit(logging.Filter):
    """Passes one record in ten seconds from each line of a library, as during a Kafka outage."""

    def __init__(self) -> None:
        super().__init__()
        self._last_passed: dict[tuple[str, int], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.partition(".")[0] not in LIBRARIES:
            return True
        line, now = (record.pathname, record.lineno), time.monotonic()
        if now - self._last_passed.get(line, -REPEAT_AFTER_SECONDS) < REPEAT_AFTER_SECONDS:
            return False
        self._last_passed[line] = now
        return True


def configure_logs(service: str, level: str) -> None:
    """Log to standard error, naming the service; libraries log WARNING and above, rate-limited."""

    def name_service(_: object, __: str, event: structlog.typing.EventDict) -> dict[str, object]:
        return {"service": service, **event}

    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        name_service,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_RateLimit())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
