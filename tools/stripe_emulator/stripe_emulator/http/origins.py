"""Who may use the pages and the control API: programs and pages of this machine, no other website.

A browser sends what any website asks it to, also to loopback. Stripe's API needs a key, which no
website has; what stands beside it is guarded by the names that a request was sent to and from.
"""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class OriginGuard:
    """Refuses with 403 what was sent to a foreign name, or by a page of another origin.

    Args:
        app: what is guarded, but for Stripe's API under `/v1`.
        hosts: names beside those of loopback under which the emulator is reached.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self._app = app
        self._hosts = _LOOPBACK | frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or refuse it."""
        if scope["type"] == "http" and not scope["path"].startswith("/v1/"):
            headers = Headers(scope=scope)
            if problem := self._problem(headers.get("host", ""), headers.get("origin")):
                await PlainTextResponse(problem, 403)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _problem(self, host: str, origin: str | None) -> str | None:
        if _name(f"//{host}") not in self._hosts:
            return f"Host: {host!r} is no name of this emulator; add it with --allow-host.\n"
        if origin is not None and urlsplit(origin).netloc != host:
            return f"Origin: {origin!r} is another site.\n"
        return None


def _name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
