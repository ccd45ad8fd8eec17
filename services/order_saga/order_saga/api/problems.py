"""HTTP problems (RFC 9457) of the service's errors."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from fastapi_problem.error import Problem
from saga_messaging.http.limits import RETRY_AFTER_SECONDS
from saga_messaging.http.problems import Handler

from order_saga.errors import (
    DefinitionUnknown,
    IdempotencyKeyReused,
    InvalidCursor,
    NewOrdersPaused,
    OrderNotFound,
    RequestRefused,
    TooManyOrders,
)


def _problem(status: int, type_: str, title: str) -> Handler:
    def handle(_: Any, __: Any, error: Exception) -> Problem:
        return Problem(title, type_=type_, status=status, detail=str(error))

    return handle


def _paused(_: Any, __: Any, error: NewOrdersPaused) -> Problem:
    return Problem(
        "New orders are paused.",
        type_="paused",
        status=503,
        detail=str(error),
        headers={"Retry-After": str(error.retry_after_seconds)},
        by=error.by,
        note=error.note,
        since=error.since.isoformat(),
    )


def _overloaded(_: Any, __: Any, error: TooManyOrders) -> Problem:
    return Problem(
        "Too many orders are waiting.",
        type_="overloaded",
        status=503,
        detail=str(error),
        headers={"Retry-After": str(error.retry_after_seconds)},
        waiting=error.waiting,
    )


def _other_replica(_: Any, __: Any, error: DefinitionUnknown) -> Problem:
    return Problem(
        "This replica does not have the version of the order's saga.",
        type_="too-new",
        status=503,
        detail=f"{error}. Send the same request again: another replica may answer it.",
        headers={"Retry-After": RETRY_AFTER_SECONDS},
    )


PROBLEMS: Final[Mapping[type[Exception], Handler]] = MappingProxyType(
    {
        OrderNotFound: _problem(404, "unknown-order", "Order not found."),
        RequestRefused: _problem(409, "forbidden", "The order's state forbids it."),
        # 422 as in the draft of the header:
        # https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
        IdempotencyKeyReused: _problem(422, "key-reused", "Idempotency key already used."),
        InvalidCursor: _problem(400, "wrong-cursor", "Unknown cursor."),
        NewOrdersPaused: _paused,
        TooManyOrders: _overloaded,
        DefinitionUnknown: _other_replica,
    }
)
"""The problem of each error. `type` is part of the API and does not change."""
