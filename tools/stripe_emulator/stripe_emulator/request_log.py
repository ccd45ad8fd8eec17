"""The last requests and their answers: what Stripe's dashboard shows under «Logs»."""

from collections import OrderedDict
from typing import NamedTuple

from stripe_emulator.answers import Answer, Request
from stripe_emulator.wire import JsonObject


class Entry(NamedTuple):
    """One request with its answer; `at` is in seconds since 1970."""

    id: str
    at: int
    request: Request
    answer: Answer | None
    fault: str | None

    def summary(self) -> JsonObject:
        """The line of a list; a status of None means that no answer was sent."""
        return {
            "id": self.id,
            "at": self.at,
            "method": self.request.method,
            "path": self.request.path,
            "status": self.answer.status if self.answer else None,
            "error_code": self.answer.error_code if self.answer else None,
            "idempotency_key": self.request.header(b"idempotency-key"),
            "fault": self.fault,
        }

    def full(self) -> JsonObject:
        """The line with both bodies."""
        return {
            **self.summary(),
            "query": self.request.query.decode(),
            "request_body": self.request.body.decode(errors="replace"),
            "response_body": self.answer.body.decode() if self.answer else None,
        }


class RequestLog:
    """The newest requests, up to a limit; the oldest are forgotten.

    Args:
        size: how many are kept.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: OrderedDict[str, Entry] = OrderedDict()

    def add(self, entry: Entry) -> None:
        """Enter a request."""
        self._entries[entry.id] = entry
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def get(self, request_id: str) -> Entry | None:
        """The request of this id, or None when it is unknown or forgotten."""
        return self._entries.get(request_id)

    def newest_first(self) -> list[Entry]:
        """All that are kept."""
        return list(reversed(self._entries.values()))
