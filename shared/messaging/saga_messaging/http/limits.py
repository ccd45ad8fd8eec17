"""Limits of the size of a request's body and of the number of requests in progress."""

from typing import Final

from fastapi_problem.error import StatusProblem
from starlette.types import ASGIApp, Receive, Scope, Send

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


def body_too_large(max_bytes: int) -> ASGIApp:
    """Return an application that responds with 413."""
    problem = BodyTooLarge(detail=f"The limit is {max_bytes} bytes.")

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        await send_problem(problem, scope, receive, send)

    return refuse


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
