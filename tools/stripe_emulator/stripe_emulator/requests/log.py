"""The last requests and their answers: what Stripe's dashboard shows under «Logs»."""

import secrets
from collections import OrderedDict
from itertools import islice
from typing import NamedTuple

import orjson

from stripe_emulator.wire.json import JsonObject
from stripe_emulator.wire.messages import Answer, Request

_REQUEST_HEADERS = (
    b"content-type",
    b"idempotency-key",
    b"stripe-account",
    b"stripe-version",
    b"user-agent",
)
_FIRST_ERROR = 400
_LISTS = (b'{"object":"list"', b'{"object":"search_result"')


class Entry(NamedTuple):
    """One request with its answer; `at` is in seconds since 1970.

    `withheld` is what the work ended in where a fault kept that from the caller.
    """

    id: str
    at: int
    request: Request
    answer: Answer | None
    fault: str | None
    withheld: Answer | None = None

    def summary(self) -> JsonObject:
        """The line of a list; a status of None means that no answer was sent."""
        answer = self.answer
        error = _error(answer)
        return {
            "id": self.id,
            "at": self.at,
            "method": self.request.method,
            "path": self.request.path,
            "status": answer.status if answer else None,
            "error_code": answer.error_code if answer else None,
            "error_type": error.get("type"),
            "decline_code": error.get("decline_code"),
            "error_message": error.get("message"),
            "idempotency_key": self.idempotency_key,
            "replayed": answer is not None and (b"idempotent-replayed", b"true") in answer.headers,
            "fault": self.fault,
        }

    def full(self) -> JsonObject:
        """The line with both bodies, and the headers that matter; no API key is among them."""
        answer = self.answer
        asked = {name.decode(): self.request.header(name) for name in _REQUEST_HEADERS}
        return {
            **self.summary(),
            "query": self.request.query.decode(errors="replace"),
            "request_headers": {name: value for name, value in asked.items() if value is not None},
            "request_body": self.request.body.decode(errors="replace"),
            "response_headers": _response_headers(self.id, answer) if answer else {},
            "response_body": _text(answer),
            "withheld_body": _text(self.withheld),
        }

    @property
    def size(self) -> int:
        """The bytes of its bodies."""
        answers = (self.answer, self.withheld)
        return len(self.request.body) + sum(len(answer.body) for answer in answers if answer)

    @property
    def idempotency_key(self) -> str | None:
        """The key that the request came with."""
        return self.request.header(b"idempotency-key")

    def names(self, object_id: str) -> bool:
        """Whether the request or its answer names an object; an answer that is a list does not."""
        request, needle = self.request, object_id.encode()
        if object_id in request.path or needle in request.body or needle in request.query:
            return True
        bodies = [answer.body for answer in (self.answer, self.withheld) if answer is not None]
        return any(needle in body and not body.startswith(_LISTS) for body in bodies)


class News(NamedTuple):
    """What came after a cursor, oldest first.

    `fresh` says that the cursor is of another log, as after a reset: what its holder knows is
    void. `missed` is how many entries are left out because they were more than the limit.
    """

    entries: list[Entry]
    cursor: str
    fresh: bool
    missed: int


class RequestLog:
    """The newest requests, up to a limit; the oldest are forgotten.

    Args:
        size: how many are kept.
        most_bytes: how much their bodies may be together.
    """

    def __init__(self, size: int, most_bytes: int = 64 * 1024 * 1024) -> None:
        self._size = size
        self._most_bytes = most_bytes
        self._bytes = 0
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._name = secrets.token_hex(4)
        self._added = 0

    def add(self, entry: Entry) -> None:
        """Enter a request."""
        self._entries[entry.id] = entry
        self._added += 1
        self._bytes += entry.size
        while len(self._entries) > self._size or self._bytes > self._most_bytes:
            self._bytes -= self._entries.popitem(last=False)[1].size

    def get(self, request_id: str) -> Entry | None:
        """The request of this id, or None when it is unknown or forgotten."""
        return self._entries.get(request_id)

    def newest_first(self) -> list[Entry]:
        """All that are kept."""
        return list(reversed(self._entries.values()))

    def touching(self, object_id: str) -> list[Entry]:
        """The requests that name an object or share a key with one that does, newest first.

        The key finds the attempts whose answer was lost: they name nothing, their repeat does.
        """
        entries = self.newest_first()
        named = {entry.id for entry in entries if entry.names(object_id)}
        keys = {entry.idempotency_key for entry in entries if entry.id in named} - {None}
        return [entry for entry in entries if entry.id in named or entry.idempotency_key in keys]

    def after(self, cursor: str | None, limit: int) -> News:
        """What was entered after a cursor that `after` gave, the newest `limit` of it."""
        name, _, position = (cursor or "").partition("-")
        known = name == self._name and position.isdecimal() and int(position) <= self._added
        new = self._added - int(position) if known else len(self._entries)
        count = min(new, limit, len(self._entries))
        entries = list(islice(reversed(self._entries.values()), count))[::-1]
        missed = new - count if known else 0
        return News(entries, f"{self._name}-{self._added}", not known, missed)


def _error(answer: Answer | None) -> JsonObject:
    if answer is None or answer.status < _FIRST_ERROR:
        return {}
    try:
        return orjson.loads(answer.body)["error"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return {}  # a fault may leave a body that is no envelope


def _text(answer: Answer | None) -> str | None:
    return answer.body.decode(errors="replace") if answer else None


def _response_headers(request_id: str, answer: Answer) -> JsonObject:
    headers = {name.decode(): value.decode("latin-1") for name, value in answer.headers}
    return {"request-id": request_id, **headers}
