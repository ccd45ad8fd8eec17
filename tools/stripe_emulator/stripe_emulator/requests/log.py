"""The log of the latest requests and responses, as in Stripe's dashboard under Logs."""

import secrets
from collections import OrderedDict
from itertools import islice
from typing import NamedTuple

import orjson

from stripe_emulator.wire.json import JsonObject
from stripe_emulator.wire.messages import Request, Response

_REQUEST_HEADERS = (
    b"content-type",
    b"idempotency-key",
    b"stripe-account",
    b"stripe-version",
    b"user-agent",
)
_REPLAYED = (b"idempotent-replayed", b"true")
_FIRST_ERROR = 400
_LISTS = (b'{"object":"list"', b'{"object":"search_result"')


class LogEntry(NamedTuple):
    """A request with its response; `at` is in seconds since 1970.

    `withheld` is the true response if a fault withheld it from the caller.
    """

    id: str
    at: int
    request: Request
    response: Response | None
    fault: str | None
    withheld: Response | None = None

    def summary(self) -> JsonObject:
        """Return the entry for a list; a status of None means that no response was sent."""
        response = self.response
        error = _error(response)
        return {
            "id": self.id,
            "at": self.at,
            "method": self.request.method,
            "path": self.request.path,
            "status": response.status if response else None,
            "error_code": response.error_code if response else None,
            "error_type": error.get("type"),
            "decline_code": error.get("decline_code"),
            "error_message": error.get("message"),
            "idempotency_key": self.idempotency_key,
            "replayed": response is not None and _REPLAYED in response.headers,
            "fault": self.fault,
        }

    def full(self) -> JsonObject:
        """Return the entry with both bodies and selected headers, without the API key."""
        response = self.response
        asked = {name.decode(): self.request.header(name) for name in _REQUEST_HEADERS}
        return {
            **self.summary(),
            "query": self.request.query.decode(errors="replace"),
            "request_headers": {name: value for name, value in asked.items() if value is not None},
            "request_body": self.request.body.decode(errors="replace"),
            "response_headers": _response_headers(self.id, response) if response else {},
            "response_body": _text(response),
            "withheld_body": _text(self.withheld),
        }

    @property
    def size(self) -> int:
        """The size of the bodies in bytes."""
        return len(self.request.body) + sum(map(len, self._response_bodies()))

    @property
    def idempotency_key(self) -> str | None:
        """The idempotency key of the request, or None."""
        return self.request.header(b"idempotency-key")

    def mentions(self, object_id: str) -> bool:
        """Return True if the request or its response has an object's id; lists do not count."""
        request, encoded_id = self.request, object_id.encode()
        if object_id in request.path or encoded_id in request.body or encoded_id in request.query:
            return True
        bodies = self._response_bodies()
        return any(encoded_id in body and not body.startswith(_LISTS) for body in bodies)

    def _response_bodies(self) -> list[bytes]:
        return [response.body for response in (self.response, self.withheld) if response]


class LogUpdate(NamedTuple):
    """The entries after a cursor, oldest first.

    `fresh` is true if the cursor belongs to another log, as after a reset: entries received
    before are void. `missed` is the number of entries omitted because of the limit.
    """

    entries: list[LogEntry]
    cursor: str
    fresh: bool
    missed: int


class RequestLog:
    """The newest requests, up to a limit; the oldest are dropped.

    Args:
        size: The number of requests to keep.
        max_bytes: The maximum size of all bodies in bytes.
    """

    def __init__(self, size: int, max_bytes: int = 64 * 1024 * 1024) -> None:
        self._size = size
        self._max_bytes = max_bytes
        self._bytes = 0
        self._entries: OrderedDict[str, LogEntry] = OrderedDict()
        self._name = secrets.token_hex(4)
        self._added = 0

    def add(self, entry: LogEntry) -> None:
        """Add a request."""
        self._entries[entry.id] = entry
        self._added += 1
        self._bytes += entry.size
        while len(self._entries) > self._size or self._bytes > self._max_bytes:
            self._bytes -= self._entries.popitem(last=False)[1].size

    def get(self, request_id: str) -> LogEntry | None:
        """Return the request with this id, or None if it is unknown or no longer kept."""
        return self._entries.get(request_id)

    def newest_first(self) -> list[LogEntry]:
        """Return the kept requests, newest first."""
        return list(reversed(self._entries.values()))

    def touching(self, object_id: str) -> list[LogEntry]:
        """Return the requests that have an object's id or share a key with one, newest first.

        The key finds requests whose response was lost: only their repetition has the id.
        """
        entries = self.newest_first()
        named = {entry.id for entry in entries if entry.mentions(object_id)}
        keys = {entry.idempotency_key for entry in entries if entry.id in named} - {None}
        return [entry for entry in entries if entry.id in named or entry.idempotency_key in keys]

    def after(self, cursor: str | None, limit: int) -> LogUpdate:
        """Return the newest `limit` entries after a cursor of an earlier `LogUpdate`."""
        name, _, position = (cursor or "").partition("-")
        known = name == self._name and position.isdecimal() and int(position) <= self._added
        new = self._added - int(position) if known else len(self._entries)
        count = min(new, limit, len(self._entries))
        entries = list(islice(reversed(self._entries.values()), count))[::-1]
        missed = new - count if known else 0
        return LogUpdate(entries, f"{self._name}-{self._added}", not known, missed)


def _error(response: Response | None) -> JsonObject:
    if response is None or response.status < _FIRST_ERROR:
        return {}
    try:
        return orjson.loads(response.body)["error"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return {}  # a fault may truncate the body


def _text(response: Response | None) -> str | None:
    return response.body.decode(errors="replace") if response else None


def _response_headers(request_id: str, response: Response) -> JsonObject:
    headers = {name.decode(): value.decode("latin-1") for name, value in response.headers}
    return {"request-id": request_id, **headers}
