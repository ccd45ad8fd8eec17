"""The guard of the dashboard and the control API against requests of other websites.

A browser sends requests of any website to loopback. The Stripe API requires a key, which no
website has; everything else is protected by checks of the headers `Host` and `Origin`.
"""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class OriginGuard:
    """Middleware that refuses foreign host names and origins with 403.

    Args:
        app: The application; its Stripe API under `/v1` is not checked.
        hosts: Host names of the emulator besides those of loopback.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self._app = app
        self._hosts = _LOOPBACK | frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on or refuse it."""
        if scope["type"] == "http" and not scope["path"].startswith("/v1/"):
            headers = Headers(scope=scope)
            if problem := self._problem(headers.get("host", ""), headers.get("origin")):
                await PlainTextResponse(problem, 403)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _problem(self, host: str, origin: str | None) -> str | None:
        if _name(f"//{host}") not in self._hosts:
            return f"Host: {host!r} is not allowed; add it with --allow-host.\n"
        if origin is not None and urlsplit(origin).netloc != host:
            return f"Origin: {origin!r} is not allowed; it is another site.\n"
        return None


def _name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
