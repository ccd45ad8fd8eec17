"""A limit on the size of a request's body."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class BoundedBody:
    """Middleware that reads the body, up to a limit, before the application does.

    Args:
        app: The application.
        max_bytes: The largest body.
        refuse: Responds in place of the application to a request whose body is larger.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, refuse: ASGIApp) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its whole body, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        messages: list[Message] = []
        size, more = 0, True
        if _declared_bytes(scope) > self._max_bytes:
            size = self._max_bytes + 1
        while more and size <= self._max_bytes:
            messages.append(message := await receive())
            if message["type"] == "http.disconnect":
                return  # the body did not arrive
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
        if size > self._max_bytes:
            await self._refuse(scope, receive, closing(send))
            return

        async def replay() -> Message:
            return messages.pop(0) if messages else await receive()

        await self._app(scope, replay, send)


def closing(send: Send) -> Send:
    """Return a `send` that tells the client not to reuse the connection.

    A response to a body that was not read ends the connection: the rest of the body is not awaited.
    """

    async def send_closing(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [*message.get("headers", ()), (b"connection", b"close")]
            message = {**message, "headers": headers}
        await send(message)

    return send_closing


def _declared_bytes(scope: Scope) -> int:
    value = Headers(scope=scope).get("content-length", "")
    return int(value) if value.isascii() and value.isdigit() else 0
