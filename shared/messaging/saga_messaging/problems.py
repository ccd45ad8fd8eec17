"""HTTP errors as problem+json (RFC 9457), and a bound on the size of a body."""

from typing import Final

from fastapi import FastAPI
from fastapi_problem.error import StatusProblem
from fastapi_problem.handler import add_exception_handler, new_exception_handler
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from saga_messaging.errors import DatabaseUnavailable

RETRY_AFTER_SECONDS: Final = "1"


class BodyTooLarge(StatusProblem):
    """The request's body has more bytes than the service takes."""

    status = 413
    title = "The request's body is too large."


class ServiceUnavailable(StatusProblem):
    """Something that this service needs is away; the same request may succeed later."""

    status = 503
    title = "The service cannot do this now."


def install_problems(api: FastAPI, max_body_bytes: int) -> None:
    """Answer every error with problem+json, and refuse larger bodies with 413."""
    add_exception_handler(
        api,
        new_exception_handler(handlers={DatabaseUnavailable: _database_unavailable}),
    )
    api.add_middleware(_BoundedBody, max_bytes=max_body_bytes)


def _database_unavailable(_: object, request: Request, error: Exception) -> StatusProblem:  # noqa: ARG001
    return ServiceUnavailable(
        detail=f"{error}. Nothing was changed; try again.",
        headers={"Retry-After": RETRY_AFTER_SECONDS},
    )


class _BoundedBody:
    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._max_bytes:
                raise BodyTooLarge(detail=f"at most {self._max_bytes} bytes")
            return message

        await self._app(scope, counted, send)
