"""JSON lines on standard error, one an event, ours and the libraries' alike."""

import logging
import sys
import time
from typing import Final

import structlog

LIBRARIES: Final = ("aiokafka", "alembic", "asyncio", "faust", "mode", "stripe", "uvicorn")
REPEAT_AFTER_SECONDS: Final = 10.0


class _Seldom(logging.Filter):
    """Lets each place in a library speak once in ten seconds: Kafka away is no flood of lines."""

    def __init__(self) -> None:
        super().__init__()
        self._spoke: dict[tuple[str, int], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.partition(".")[0] not in LIBRARIES:
            return True
        place, now = (record.pathname, record.lineno), time.monotonic()
        if now - self._spoke.get(place, -REPEAT_AFTER_SECONDS) < REPEAT_AFTER_SECONDS:
            return False
        self._spoke[place] = now
        return True


def configure_logs(service: str, level: str) -> None:
    """Log from here on; every line names the service. Libraries speak from WARNING on, seldom."""

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
    handler.addFilter(_Seldom())
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
