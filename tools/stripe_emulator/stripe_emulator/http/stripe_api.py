"""The HTTP edge of the Stripe API: an ASGI application, mounted at `/v1`."""

import asyncio
import logging
from collections.abc import Callable, MutableMapping
from dataclasses import replace
from typing import TypeAlias

from saga_http.body import closing
from starlette.types import Receive, Scope, Send

from stripe_emulator.emulator import Emulator
from stripe_emulator.faults.fault import Fault
from stripe_emulator.http import fault_effects
from stripe_emulator.operations.table import find_operation
from stripe_emulator.requests.execution import error_response
from stripe_emulator.requests.log import LogEntry
from stripe_emulator.wire.errors import ServerError
from stripe_emulator.wire.messages import Request, Response
from stripe_emulator.wire.request_errors import BodyTooLarge, UnrecognizedUrl
from stripe_emulator.wire.version import API_VERSION

Abort: TypeAlias = Callable[[tuple[str, int] | None], None]

_log = logging.getLogger("uvicorn.error")
_API_VERSION = API_VERSION.encode()
_ABORT_SECONDS = 1.0
_UNAUTHENTICATED = 401


class StripeApi:
    """The ASGI application of the Stripe API, with injected faults.

    Args:
        emulator: The emulator.
        abort: Resets the connection of a client, without a response.
    """

    def __init__(self, emulator: Emulator, abort: Abort) -> None:
        self._emulator = emulator
        self._abort = abort

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to one request."""
        request = await _read(scope, receive, self._emulator.max_body_bytes)
        if request is None:
            return  # the client disconnected before the end of the body
        emulator = self._emulator
        request_id = emulator.request_ids.new("req")
        if len(request.body) > emulator.max_body_bytes:
            response = error_response(BodyTooLarge(), request, request_id)
            self._log(replace(request, body=b"(too large)"), request_id, response)
            await _send(closing(send), request, request_id, response)
            return
        fault = emulator.faults.take(request.method, request.path, request_id)
        if fault is not None:
            await self._inject(fault, request, request_id, receive, send)
            return
        refusal = self._rate_limit(request, request_id)
        response = refusal or self._respond(request, request_id)
        self._log(request, request_id, response, "rate_limit" if refusal else None)
        await _send(send, request, request_id, response)

    def _respond(self, request: Request, request_id: str) -> Response:
        try:
            admitted = self._emulator.begin(request, request_id)
            return admitted if isinstance(admitted, Response) else self._emulator.finish(admitted)
        except OSError:  # the journal cannot be written, so nothing was executed
            _log.exception("journal_write_failed")
            return error_response(ServerError(), request, request_id)

    def _rate_limit(self, request: Request, request_id: str) -> Response | None:
        faults = self._emulator.faults
        if faults.rate_limit is None:
            return None
        try:
            endpoint = find_operation(request.method, request.path)[0].run
        except UnrecognizedUrl:
            endpoint = None
        reason = faults.take_rate_limit(request.method, request.path, request_id, endpoint)
        return reason and fault_effects.rate_limited(reason, request, request_id)

    async def _inject(
        self, fault: Fault, request: Request, request_id: str, receive: Receive, send: Send
    ) -> None:
        emulator, sent = self._emulator, fault.traits.sent
        wait_seconds, account = fault.seconds or 0, emulator.account
        begun = fault_effects.begin(emulator, fault, request, request_id)
        if sent != "nothing":
            await asyncio.sleep(wait_seconds)
        if account is emulator.account:  # unless the emulator was reset in the meantime
            response, withheld = fault_effects.end(emulator, fault, begun, request, request_id)
            self._log(request, request_id, response, fault.kind, withheld)
            if response is None:
                await _wait_for_client_to_leave(receive, wait_seconds)
            else:
                await _send(send, request, request_id, response, part=sent == "part")
            if sent in {"response", "failure"}:
                return
        self._abort(request.client)
        await _wait_for_client_to_leave(receive, _ABORT_SECONDS)

    def _log(
        self,
        request: Request,
        request_id: str,
        response: Response | None,
        fault: str | None = None,
        withheld: Response | None = None,
    ) -> None:
        now = self._emulator.account.clock.now()
        self._emulator.log.add(LogEntry(request_id, now, request, response, fault, withheld))


async def _read(scope: Scope, receive: Receive, limit: int) -> Request | None:
    """Read the request, of a body beyond the limit only its beginning; None if incomplete."""
    body, more = bytearray(), True
    while more and len(body) <= limit:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
    client = scope.get("client")
    return Request(
        scope["method"],
        scope["path"],
        scope["query_string"],
        dict(scope["headers"]),
        bytes(body),
        tuple(client) if client else None,
    )


async def _send(
    send: Send, request: Request, request_id: str, response: Response, *, part: bool = False
) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(response.body)).encode()),
        *response.headers,
    ]
    if response.status != _UNAUTHENTICATED:
        headers += [
            (b"request-id", request_id.encode()),
            (b"stripe-version", request.headers.get(b"stripe-version", _API_VERSION)),
        ]
    start: MutableMapping[str, object] = {"type": "http.response.start", "status": response.status}
    await send({**start, "headers": headers})
    body = response.body[: len(response.body) // 2] if part else response.body
    await send({"type": "http.response.body", "body": body, "more_body": part})


async def _wait_for_client_to_leave(receive: Receive, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return
