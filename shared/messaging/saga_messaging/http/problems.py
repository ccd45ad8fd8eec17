"""HTTP errors as problem+json (RFC 9457), and a bound on the size of a body."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi_problem.error import Problem, StatusProblem
from fastapi_problem.handler import add_exception_handler, new_exception_handler
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from saga_messaging.errors import DatabaseUnavailable

RETRY_AFTER_SECONDS: Final = "1"

Handler: TypeAlias = Callable[[Any, Request, Any], Problem]
"""What answers an error that nothing else did."""

_NONE: Final[Mapping[type[Exception], Handler]] = MappingProxyType({})

logger = structlog.get_logger(__name__)


class BodyTooLarge(StatusProblem):
    """The request's body has more bytes than the service takes."""

    status = 413
    title = "The request's body is too large."


class ServiceUnavailable(StatusProblem):
    """Something that this service needs is away; the same request may succeed later."""

    status = 503
    title = "The service cannot do this now."


def install_problems(
    api: FastAPI, max_body_bytes: int, handlers: Mapping[type[Exception], Handler] = _NONE
) -> None:
    """Answer every error with problem+json, and refuse larger bodies with 413.

    What is invalid is named field by field and not repeated; what failed inside is in the log.

    Args:
        api: The service's.
        max_body_bytes: Of a request.
        handlers: For errors of the service's own that any of its paths may raise.
    """
    known = {DatabaseUnavailable: _database_unavailable, **handlers}
    handler = new_exception_handler(
        handlers=known,
        request_validation_handler=_invalid,
        unhandled_wrappers={"default": _Unexpected},
    )
    add_exception_handler(api, handler)
    for error in known:
        api.add_exception_handler(error, handler)
    api.add_middleware(_BoundedBody, max_bytes=max_body_bytes)


class _Unexpected(StatusProblem):
    status = 500
    title = "The service failed."

    def __init__(self, *_: object, **__: object) -> None:
        super().__init__(detail="The log of the service says why.")


def _database_unavailable(_: Any, __: Request, error: Exception) -> Problem:
    logger.error("database_unavailable", error=str(error))
    return ServiceUnavailable(
        detail="The database does not answer, and what was asked may still be done: look first, "
        "or send the same request again with the same Idempotency-Key.",
        headers={"Retry-After": RETRY_AFTER_SECONDS},
    )


def _invalid(_: Any, __: Request, error: RequestValidationError) -> Problem:
    errors = [
        {"field": _field(detail["loc"]), "message": detail["msg"]} for detail in error.errors()
    ]
    return Problem(
        "The request is invalid.",
        type_="invalid-request",
        detail="; ".join(f"{each['field']}: {each['message']}" for each in errors),
        status=422,
        code="invalid_request",
        cure="Correct the fields that are named.",
        errors=errors,
    )


def _field(location: tuple[Any, ...]) -> str:
    """The field's name; it may be the caller's own, with what is no character of UTF-8."""
    name = ".".join(map(str, location[1:])) or "(the whole body)"
    return name.encode(errors="replace").decode()


class _BoundedBody:
    """Reads the whole body before the application does, and no more of it than is allowed."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        messages: list[Message] = []
        size, more = 0, True
        while more and size <= self._max_bytes:
            messages.append(message := await receive())
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
        if size > self._max_bytes:
            await self._refuse(scope, receive, send)
            return

        async def replay() -> Message:
            return messages.pop(0) if messages else await receive()

        await self._app(scope, replay, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = BodyTooLarge(detail=f"The body may have {self._max_bytes} bytes.")
        response = JSONResponse(problem.marshal(), 413, media_type="application/problem+json")
        await response(scope, receive, send)
