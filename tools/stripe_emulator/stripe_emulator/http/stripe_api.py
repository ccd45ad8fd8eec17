"""The HTTP edge of Stripe's API: one small ASGI application, mounted at `/v1`."""

import asyncio
import logging
from collections.abc import Callable, MutableMapping
from dataclasses import replace
from typing import TypeAlias

from starlette.types import Receive, Scope, Send

from stripe_emulator.emulator import Emulator
from stripe_emulator.faults.fault import Fault
from stripe_emulator.http import fault_effects
from stripe_emulator.operations.table import find_operation
from stripe_emulator.requests.execution import error_answer
from stripe_emulator.requests.log import Entry
from stripe_emulator.wire.errors import ServerError
from stripe_emulator.wire.json import API_VERSION
from stripe_emulator.wire.messages import Answer, Request
from stripe_emulator.wire.request_errors import BodyTooLarge, UnrecognizedUrl

Abort: TypeAlias = Callable[[tuple[str, int] | None], None]
Outcome: TypeAlias = tuple[Answer | None, Answer | None]  # what is sent, what a fault withholds

_log = logging.getLogger("uvicorn.error")
_API_VERSION = API_VERSION.encode()
_ABORT_SECONDS = 1.0
_UNAUTHENTICATED = 401


class StripeApi:
    """Answers Stripe's API, and carries out the faults that are armed.

    Args:
        emulator: what answers.
        abort: resets the connection of a client, without an answer.
    """

    def __init__(self, emulator: Emulator, abort: Abort) -> None:
        self._emulator = emulator
        self._abort = abort

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = await _read(scope, receive, self._emulator.max_body_bytes)
        if request is None:
            return  # the caller left before the end: what came is not what was meant
        emulator = self._emulator
        request_id = emulator.request_ids.new("req")
        if len(request.body) > emulator.max_body_bytes:
            answer = error_answer(BodyTooLarge(), request, request_id)
            self._log(replace(request, body=b"(too large)"), request_id, answer)
            await _send(send, request, request_id, answer)
            return
        fault = emulator.faults.take(request.method, request.path, request_id)
        if fault is not None:
            await self._inject(fault, request, request_id, receive, send)
            return
        refusal = self._rate_limit(request, request_id)
        answer = refusal or self._answer(request, request_id)
        self._log(request, request_id, answer, "rate_limit" if refusal else None)
        await _send(send, request, request_id, answer)

    def _answer(self, request: Request, request_id: str) -> Answer:
        try:
            work = self._emulator.begin(request, request_id)
            return work if isinstance(work, Answer) else self._emulator.finish(work)
        except OSError:  # the journal cannot be written: nothing was done
            _log.exception("the journal")
            return error_answer(ServerError(), request, request_id)

    def _rate_limit(self, request: Request, request_id: str) -> Answer | None:
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
        if account is emulator.account:  # if not, it was reset meanwhile: nobody is left to ask
            answer, withheld = fault_effects.end(emulator, fault, begun, request, request_id)
            self._log(request, request_id, answer, fault.kind, withheld)
            if answer is None:
                await _wait_for_client_to_leave(receive, wait_seconds)
            else:
                await _send(send, request, request_id, answer, part=sent == "part")
            if sent in {"answer", "failure"}:
                return
        self._abort(request.client)
        await _wait_for_client_to_leave(receive, _ABORT_SECONDS)

    def _log(
        self,
        request: Request,
        request_id: str,
        answer: Answer | None,
        fault: str | None = None,
        withheld: Answer | None = None,
    ) -> None:
        now = self._emulator.account.clock.now()
        self._emulator.log.add(Entry(request_id, now, request, answer, fault, withheld))


async def _read(scope: Scope, receive: Receive, limit: int) -> Request | None:
    """The request, of a body beyond the limit only its beginning; None if it was cut short."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        if len(body) <= limit:
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
    send: Send, request: Request, request_id: str, answer: Answer, *, part: bool = False
) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(answer.body)).encode()),
        *answer.headers,
    ]
    if answer.status != _UNAUTHENTICATED:
        headers += [
            (b"request-id", request_id.encode()),
            (b"stripe-version", request.headers.get(b"stripe-version", _API_VERSION)),
        ]
    start: MutableMapping[str, object] = {"type": "http.response.start", "status": answer.status}
    await send({**start, "headers": headers})
    body = answer.body[: len(answer.body) // 2] if part else answer.body
    await send({"type": "http.response.body", "body": body, "more_body": part})


async def _wait_for_client_to_leave(receive: Receive, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return
