"""Problems (RFC 9457) as responses of middleware."""

from fastapi_problem.error import Problem
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send


async def send_problem(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    """Respond with a problem."""
    response = JSONResponse(
        problem.marshal(),
        problem.status,
        headers=problem.headers,
        media_type="application/problem+json",
    )
    await response(scope, receive, send)
