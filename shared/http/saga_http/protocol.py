"""HTTP/1.1 on h11 and uvicorn, with time limits and a limit of connections.

uvicorn itself limits neither the time that a request takes to arrive, nor the number of open
connections (`limit_concurrency` only refuses their requests), and its parser httptools takes heads
of any size. h11 limits a head, a chunk's header and the trailers.
"""

import asyncio
import http
import sys
import time
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

from saga_http.bounds import HttpBounds
from saga_http.phase import WAITS_FOR_CLIENT, Phase, limit_seconds
from saga_http.reading import PIECE_BYTES, HeldFlow, ReadingTime
from saga_http.refusal import refusal

LINGER_SECONDS: Final = 1.0
"""Time for a client to read a refusal before its connection is reset."""


_LATE: Final = {Phase.HEAD: "The request's head", Phase.BODY: "The request's body"}


class BoundedProtocol(H11Protocol):
    """One connection; it ends when its phase exceeds its time."""

    bounds = HttpBounds()
    reading_time = ReadingTime(bounds.http_reading_share)
    phase = Phase.HEAD
    since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept the connection, in place of the one that has waited longest if there are many."""
        super().connection_made(transport)
        self.flow: HeldFlow = HeldFlow(transport)
        self._unparsed = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._started: object = None
        self._enter(Phase.HEAD)
        if len(self.connections) > self.bounds.http_max_connections:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self._enter(Phase.END)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, a piece at a time; then time what is still missing."""
        self._unparsed += data
        self._parse()

    def on_response_complete(self) -> None:
        """Reuse the connection, unless the rest of the request's body was never awaited."""
        incomplete = self.cycle.more_body
        super().on_response_complete()
        if incomplete:
            self._linger()
        elif self.cycle.response_complete and not self._stalled:
            self._enter(Phase.IDLE)
        else:
            self._follow()

    def pause_writing(self) -> None:
        """Time a client that does not read its response."""
        super().pause_writing()
        self._follow()

    def resume_writing(self) -> None:
        """End the time of a stalled response."""
        super().resume_writing()
        self._follow()

    def send_400_response(self, msg: str) -> None:
        """Refuse what h11 cannot parse, with the status that it suggests, such as 431."""
        status = getattr(sys.exc_info()[1], "error_status_hint", http.HTTPStatus.BAD_REQUEST)
        limit = f"The limit of the head is {self.bounds.http_head_bytes} bytes."
        too_large = status == http.HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        self._refuse(status, limit if too_large else msg)

    def shutdown(self) -> None:
        """Finish the request in progress; reset a connection that was refused."""
        if self.phase is Phase.END:
            self.transport.abort()
        else:
            super().shutdown()

    def reset(self) -> None:
        """Close at once, and release the application."""
        self._enter(Phase.END)
        self._disconnect_application()
        # Not counted from now on: many may be accepted before the loop reports its end.
        self.connections.discard(self)
        self.transport.abort()

    @property
    def _request(self) -> Any:
        """The newest request and its response; None before the first head is complete."""
        return self.cycle

    @property
    def _has_ended(self) -> bool:
        return self.phase is Phase.END

    @property
    def _stalled(self) -> bool:
        unread = self.transport.get_write_buffer_size() > 0
        done = self._request is not None and self._request.response_complete
        return self.flow.write_paused or (done and unread)

    def _parse(self) -> None:
        if self._has_ended or self.transport.is_closing():
            self._unparsed.clear()
            return
        if pause_seconds := self.reading_time.wait_seconds():
            self.flow.hold()
            self.loop.call_later(pause_seconds, self._parse)
            return
        piece = bytes(self._unparsed[:PIECE_BYTES])
        del self._unparsed[:PIECE_BYTES]
        began = time.thread_time()
        super().data_received(piece)
        self.reading_time.spend(time.thread_time() - began)
        if self.phase is Phase.IDLE:
            self._enter(Phase.HEAD)
        self._follow()
        if self._unparsed:
            self.flow.hold()
            self.loop.call_soon(self._parse)
        elif not self._has_ended:
            self.flow.release()

    def _follow(self) -> None:
        """Enter the phase that follows from the state of the parser and of the response."""
        if self.phase is Phase.END:
            return
        cycle = self._request
        if self._stalled:
            phase = Phase.STALL
        elif cycle is None or cycle.response_complete:
            phase = self.phase if self.phase is Phase.IDLE else Phase.HEAD
        else:
            phase = Phase.BODY if cycle.more_body else Phase.WORK
        if phase is not self.phase or (phase is Phase.BODY and cycle is not self._started):
            self._enter(phase)
        self._started = cycle

    def _enter(self, phase: Phase) -> None:
        self.phase, self.since = phase, self.loop.time()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        seconds = limit_seconds(phase, self.bounds)
        if seconds is not None:
            self._timer = self.loop.call_later(seconds, self._expire, seconds)

    def _expire(self, seconds: float) -> None:
        if self.phase is Phase.STALL:
            if self._stalled:
                self.reset()
            else:
                self._enter(Phase.IDLE)
        else:
            detail = f"{_LATE[self.phase]} did not arrive within {seconds:g} s."
            self._refuse(http.HTTPStatus.REQUEST_TIMEOUT, detail)

    def _make_room(self) -> None:
        """Close the connection that has waited longest for its client, or else refuse this one.

        nginx does so too, as `reusable connections`: a client that keeps many requests incomplete
        loses its own.
        """
        self.logger.warning("connection_limit_reached limit=%d", self.bounds.http_max_connections)
        waiting: list[BoundedProtocol] = [
            other
            for other in self.connections
            if isinstance(other, BoundedProtocol)
            and other is not self
            and other.phase in WAITS_FOR_CLIENT
        ]
        if waiting:
            ended_first = min(waiting, key=lambda one: (one.phase is not Phase.END, one.since))
            ended_first.reset()
        else:
            detail = f"All {self.bounds.http_max_connections} connections are in use."
            self._refuse(http.HTTPStatus.SERVICE_UNAVAILABLE, detail)

    def _refuse(self, status: int, detail: str) -> None:
        """Answer with a problem (RFC 9457), then close; once a response has begun, only close."""
        request = self._request
        if request is not None and request.response_started != request.response_complete:
            self.reset()
            return
        self.transport.write(refusal(status, detail))
        self._linger()

    def _linger(self) -> None:
        """Read nothing more, and close once the client could read the response."""
        self._enter(Phase.END)
        self._disconnect_application()
        self._unset_keepalive_if_required()
        if not self.transport.is_closing():
            self.flow.hold()
            self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def _disconnect_application(self) -> None:
        if self._request is not None:
            self._request.disconnected = True
            self._request.message_event.set()
            self.flow.resume_writing()
