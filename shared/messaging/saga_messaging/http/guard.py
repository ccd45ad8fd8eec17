"""A guard against requests that a foreign website makes through a browser.

A page can send forms to loopback, with no permission of the service, and under a name of its own
that it lets resolve to loopback (DNS rebinding). Therefore the headers `Host` and `Origin` must be
the service's own, and a request that changes state must be JSON, which a form cannot be:
https://fetch.spec.whatwg.org/#simple-header .
"""

from collections.abc import Collection
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from fastapi_problem.error import StatusProblem
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from saga_messaging.http.responses import send_problem

ANY: Final = "*"
_JSON_METHODS: Final = ("POST", "PUT", "PATCH")


class ForeignHost(StatusProblem):
    """403: the host name is not one of the service's."""

    type_ = "foreign-host"
    status = 403
    title = "Host not allowed."


class ForeignOrigin(StatusProblem):
    """403: the page that sends the request is of another site."""

    type_ = "foreign-origin"
    status = 403
    title = "Origin not allowed."


class NotJson(StatusProblem):
    """415: a request that changes state is not declared as JSON."""

    type_ = "unsupported-media-type"
    status = 415
    title = "Unsupported media type."


class RequestGuard:
    """Middleware that refuses foreign hosts, foreign origins and forms.

    An address as host is always allowed: DNS rebinding needs a name. So is any host for the paths
    in `open_paths`: what they do does not depend on who asks.

    Args:
        app: The application.
        hosts: The service's host names besides `localhost`; `*` allows every name.
        origins: The origins of other sites that may call it: `https://admin.example`.
        open_paths: Paths that may be called under any name, such as health checks and webhooks,
            which are signed.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: Collection[str],
        origins: Collection[str],
        open_paths: Collection[str] = (),
    ) -> None:
        self._app = app
        self._open_paths = frozenset(open_paths)
        self._hosts = frozenset({"localhost", *(host.lower() for host in hosts)})
        self._origins = frozenset(origin.lower().rstrip("/") for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on or refuse it."""
        if scope["type"] == "http" and (problem := self._problem(scope)):
            await send_problem(problem, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _problem(self, scope: Scope) -> StatusProblem | None:
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if scope["path"] not in self._open_paths and not self._is_own(host):
            return ForeignHost(detail=f"Host: {host!r} is not in ALLOWED_HOSTS.")
        if origin is not None and not self._is_known(origin.lower(), host.lower()):
            return ForeignOrigin(detail=f"Origin: {origin!r} is not in ALLOWED_ORIGINS.")
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        if scope["method"] in _JSON_METHODS and media_type != "application/json":
            return NotJson(
                detail=f"Content-Type: expected application/json, received {media_type!r}."
            )
        return None

    def _is_own(self, host: str) -> bool:
        name = _name(host)
        return ANY in self._hosts or name in self._hosts or _is_address(name)

    def _is_known(self, origin: str, host: str) -> bool:
        return origin in self._origins or origin.partition("://")[2] == host


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
