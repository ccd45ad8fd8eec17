"""The HTTP edge of Stripe's API: one small ASGI application, mounted at `/v1`."""

import asyncio
from collections.abc import Callable, MutableMapping
from typing import TypeAlias

from starlette.types import Receive, Scope, Send

from stripe_emulator.answers import Answer, Request
from stripe_emulator.emulator import Emulator, error_answer
from stripe_emulator.errors import RateLimited, ServerError
from stripe_emulator.faults import Fault
from stripe_emulator.request_log import Entry

Abort: TypeAlias = Callable[[tuple[str, int] | None], None]
Outcome: TypeAlias = tuple[Answer | None, Answer | None]  # what is sent, what a fault withholds

_API_VERSION = b"2026-08-26.dahlia"


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
        request = await _read(scope, receive)
        emulator = self._emulator
        request_id = emulator.account.ids.new("req")
        fault = emulator.faults.take(request.method, request.path)
        if fault is None:
            answer, withheld = self._answer(request, request_id), None
        else:
            emulator.faults.record(fault, request_id, request.method, request.path)
            answer, withheld = await self._inject(fault, request, request_id, receive)
        now = emulator.account.clock.now()
        kind = fault.kind if fault else None
        emulator.log.add(Entry(request_id, now, request, answer, kind, withheld))
        if answer is not None:
            await _send(send, request, request_id, answer)

    def _answer(self, request: Request, request_id: str) -> Answer:
        work = self._emulator.begin(request, request_id)
        return work if isinstance(work, Answer) else self._emulator.finish(work)

    async def _inject(
        self, fault: Fault, request: Request, request_id: str, receive: Receive
    ) -> Outcome:
        match fault.kind:
            case "429":
                return error_answer(RateLimited(fault.code), request, request_id), None
            case "hang" | "reset":
                await self._give_up(fault, request, receive)
                return None, None
            case "timeout_after" | "reset_after":
                withheld = self._answer(request, request_id)
                await self._give_up(fault, request, receive)
                return None, withheld
            case "latency" | "status_500_before" | "status_500_after":
                return await self._disturb(fault, request, request_id)

    async def _disturb(self, fault: Fault, request: Request, request_id: str) -> Outcome:
        emulator = self._emulator
        work = emulator.begin(request, request_id)
        if isinstance(work, Answer):
            return work, None
        if fault.kind == "latency":
            await asyncio.sleep(fault.seconds)
            return emulator.finish(work), None
        failure = error_answer(ServerError(), request, request_id)
        if fault.kind == "status_500_before":
            return emulator.settle(work, failure, kept=fault.kept), None
        withheld = emulator.finish(work)
        sent = emulator.settle(work, failure, kept=True) if fault.kept else failure
        return sent, withheld

    async def _give_up(self, fault: Fault, request: Request, receive: Receive) -> None:
        if fault.kind in {"hang", "timeout_after"}:
            await _wait_for_client_to_leave(receive, fault.seconds)
        self._abort(request.client)


async def _read(scope: Scope, receive: Receive) -> Request:
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body", False):
        message = await receive()
        body += message.get("body", b"")
    client = scope.get("client")
    return Request(
        scope["method"],
        scope["path"],
        scope["query_string"],
        dict(scope["headers"]),
        body,
        tuple(client) if client else None,
    )


async def _send(send: Send, request: Request, request_id: str, answer: Answer) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(answer.body)).encode()),
        (b"request-id", request_id.encode()),
        (b"stripe-version", request.headers.get(b"stripe-version", _API_VERSION)),
        *answer.headers,
    ]
    start: MutableMapping[str, object] = {"type": "http.response.start", "status": answer.status}
    await send({**start, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _wait_for_client_to_leave(receive: Receive, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return
