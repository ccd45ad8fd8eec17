"""HTTP errors as problem details (RFC 9457), and the limit of a request's body."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi_problem.error import Problem, StatusProblem
from fastapi_problem.handler import add_exception_handler, new_exception_handler
from saga_http.body import BoundedBody
from starlette.requests import Request

from saga_messaging.errors import DatabaseUnavailable
from saga_messaging.http.limits import RETRY_AFTER_SECONDS, body_too_large

Handler: TypeAlias = Callable[[Any, Request, Any], Problem]
"""Maps an application error, its third argument, to the problem to respond with."""

_NO_HANDLERS: Final[Mapping[type[Exception], Handler]] = MappingProxyType({})

logger = structlog.get_logger(__name__)


class ServiceUnavailable(StatusProblem):
    """503: a dependency is unavailable; the same request may succeed later."""

    type_ = "service-unavailable"
    status = 503
    title = "Service temporarily unavailable."


def install_problems(
    api: FastAPI, max_body_bytes: int, handlers: Mapping[type[Exception], Handler] = _NO_HANDLERS
) -> None:
    """Respond to every error with problem+json, and to a larger body with 413.

    A validation problem names each invalid field, and does not repeat its value. An unexpected
    error is logged, and its problem has no details.

    Args:
        api: The service's application.
        max_body_bytes: The limit of a request body.
        handlers: The service's own errors, by type, each with its problem.
    """
    known = {DatabaseUnavailable: _database_unavailable, **handlers}
    handler = new_exception_handler(
        handlers=known,
        request_validation_handler=_invalid,
        unhandled_wrappers={"default": _InternalError},
    )
    add_exception_handler(api, handler, generic_swagger_defaults=False)
    for error in known:
        api.add_exception_handler(error, handler)
    refuse = body_too_large(max_body_bytes)
    api.add_middleware(BoundedBody, max_bytes=max_body_bytes, refuse=refuse)


class _InternalError(StatusProblem):
    type_ = "internal-error"
    status = 500
    title = "Internal error."

    def __init__(self, *_: object, **__: object) -> None:
        super().__init__(detail="The cause is in the service's log.")


def _database_unavailable(_: Any, __: Request, error: Exception) -> Problem:
    logger.error("database_unavailable", error=str(error))
    return ServiceUnavailable(
        detail="The database did not respond, and the request may still be applied: check first, "
        "or retry with the same Idempotency-Key.",
        headers={"Retry-After": RETRY_AFTER_SECONDS},
    )


def _invalid(_: Any, __: Request, error: RequestValidationError) -> Problem:
    errors = [
        {"field": _field(detail["loc"]), "message": detail["msg"]} for detail in error.errors()
    ]
    return Problem(
        "Invalid request.",
        type_="invalid-request",
        detail="; ".join(f"{each['field']}: {each['message']}" for each in errors),
        status=422,
        code="invalid_request",
        cure="Correct the named fields.",
        errors=errors,
    )


def _field(location: tuple[Any, ...]) -> str:
    """Return the field's path; replace characters of the caller's names that UTF-8 lacks."""
    name = ".".join(map(str, location[1:])) or "(the whole body)"
    return name.encode(errors="replace").decode()
