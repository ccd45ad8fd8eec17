"""HTTP problems (RFC 9457) of the errors of dead letters."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from fastapi_problem.error import Problem
from saga_messaging.http.problems import Handler

from order_saga.errors import (
    DeadLetterAlreadyHandled,
    DeadLetterNotFound,
    DeadLetterNotReplayable,
    KafkaUnavailable,
)


def _problem(status: int, type_: str, title: str) -> Handler:
    def handle(_: Any, __: Any, error: Exception) -> Problem:
        return Problem(title, type_=type_, status=status, detail=str(error))

    return handle


PROBLEMS: Final[Mapping[type[Exception], Handler]] = MappingProxyType(
    {
        DeadLetterNotFound: _problem(404, "unknown-letter", "Dead letter not found."),
        DeadLetterAlreadyHandled: _problem(
            409, "letter-conflict", "The dead letter was already handled."
        ),
        DeadLetterNotReplayable: _problem(
            409, "letter-conflict", "The dead letter cannot be replayed."
        ),
        KafkaUnavailable: _problem(503, "kafka-away", "Kafka is unavailable."),
    }
)
"""The problem of each error. `type` is part of the API and does not change."""
