"""Limits of the size of a request's body and of the number of requests in progress."""

from typing import Final

from fastapi_problem.error import StatusProblem
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from saga_messaging.http.health import LIVENESS_PATH, READINESS_PATH
from saga_messaging.http.responses import send_problem

RETRY_AFTER_SECONDS: Final = "1"


class BodyTooLarge(StatusProblem):
    """413: the request body exceeds the service's limit."""

    type_ = "body-too-large"
    status = 413
    title = "Request body too large."


class TooManyRequests(StatusProblem):
    """503: the service has as many requests in progress as it takes."""

    type_ = "too-many-requests"
    status = 503
    title = "Too many requests in progress."


class BoundedBody:
    """Reads the body, up to the limit, before the application does."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its whole body, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        messages: list[Message] = []
        size, more = 0, True
        if _declared(scope) > self._max_bytes:
            size = self._max_bytes + 1
        while more and size <= self._max_bytes:
            messages.append(message := await receive())
            if message["type"] == "http.disconnect":
                return  # the body did not arrive
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
        if size > self._max_bytes:
            problem = BodyTooLarge(detail=f"The limit is {self._max_bytes} bytes.")
            await send_problem(problem, scope, receive, send)
            return

        async def replay() -> Message:
            return messages.pop(0) if messages else await receive()

        await self._app(scope, replay, send)


class LimitedRequests:
    """Refuses requests beyond a number in progress, except health checks."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit
        self._in_progress = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on or refuse it."""
        if scope["type"] != "http" or scope["path"] in {LIVENESS_PATH, READINESS_PATH}:
            await self._app(scope, receive, send)
            return
        if self._in_progress >= self._limit:
            problem = TooManyRequests(
                detail=f"{self._limit} requests are in progress. Retry.",
                headers={"Retry-After": RETRY_AFTER_SECONDS},
            )
            await send_problem(problem, scope, receive, send)
            return
        self._in_progress += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._in_progress -= 1


def _declared(scope: Scope) -> int:
    value = Headers(scope=scope).get("content-length", "")
    return int(value) if value.isascii() and value.isdigit() else 0
