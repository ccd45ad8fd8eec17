import io
import json
import logging
import sys

import pytest
import structlog
from saga_messaging.process.logs import configure_logs


@pytest.fixture
def lines(monkeypatch):
    """The parsed lines of standard error; logging is restored afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    configure_logs("user-service", "INFO")
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_every_line_is_json_with_time_level_and_service(lines):
    structlog.get_logger("ours").info("order_placed", correlation_id="saga")
    (line,) = lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "order_placed",
        "level": "info",
        "service": "user-service",
        "correlation_id": "saga",
    }


def test_an_exception_stays_on_its_line(lines):
    structlog.get_logger("ours").error("failed", exc_info=ValueError("no"))
    (line,) = lines()
    assert "ValueError: no" in line["exception"]


def test_libraries_log_in_the_same_format_from_warning_on(lines):
    logging.getLogger("aiokafka.client").info("connected")
    logging.getLogger("aiokafka.client").warning("lost %s", "broker")
    (line,) = lines()
    assert (line["event"], line["level"], line["service"]) == (
        "lost broker",
        "warning",
        "user-service",
    )


def test_each_line_of_a_library_is_rate_limited_by_itself(lines):
    for _ in range(50):
        logging.getLogger("faust.consumer").error("Kafka is away")
        logging.getLogger("mode").error("restarting")
    assert [line["event"] for line in lines()] == ["Kafka is away", "restarting"]


def test_our_own_lines_are_not_rate_limited(lines):
    for name in ("ours", "stripe_emulator", "model"):
        for _ in range(5):
            structlog.get_logger(name).warning("again")
    assert len(lines()) == 15


def test_lines_below_the_level_are_not_logged(lines):
    structlog.get_logger("ours").debug("detail")
    assert not lines()
