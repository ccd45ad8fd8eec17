"""A caller of the emulator without HTTP, which can restart it from its journal."""

from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import orjson
from stripe_emulator.account.clock import Clock
from stripe_emulator.emulator import Emulator
from stripe_emulator.journal.journal import Journal
from stripe_emulator.journal.restore import restore
from stripe_emulator.requests.execution import AdmittedRequest
from stripe_emulator.settings import Settings
from stripe_emulator.wire.messages import Request, Response

START = 1_800_000_000
_SEED = 7


class Reply(NamedTuple):
    status: int
    raw: bytes
    replayed: bool

    @property
    def body(self) -> dict[str, Any]:
        return orjson.loads(self.raw)


class Caller:
    """An emulator and its journal, with a clock that only moves on request."""

    def __init__(self, journal: Path) -> None:
        self.path = journal
        self._requests = 0
        self._start()

    def _start(self) -> None:
        settings = Settings(clock=Clock(lambda: START), seed=_SEED)
        self.emulator = Emulator(settings)
        self._journal = Journal(self.path, _SEED)
        restore(self.emulator, self._journal)

    def restart(self) -> None:
        """Stop as by `kill -9` and restart from the journal."""
        self.close()
        self._start()

    def close(self) -> None:
        self._journal.close()

    def begin(
        self, path: str, form: dict[str, str], key: str | None = None
    ) -> AdmittedRequest | Response:
        self._requests += 1
        headers = {b"host": b"127.0.0.1:12111", b"authorization": b"Bearer sk_test_history"}
        if key is not None:
            headers[b"idempotency-key"] = key.encode("latin-1")
        request = Request("POST", f"/v1/{path}", b"", headers, urlencode(form).encode())
        return self.emulator.begin(request, f"req_{self._requests}")

    def finish(self, work: AdmittedRequest | Response) -> Reply:
        answer = work if isinstance(work, Response) else self.emulator.finish(work)
        replayed = (b"idempotent-replayed", b"true") in answer.headers
        return Reply(answer.status, answer.body, replayed)

    def post(self, path: str, form: dict[str, str], key: str | None = None) -> Reply:
        return self.finish(self.begin(path, form, key))

    def get(self, path: str, query: str = "") -> dict[str, Any]:
        headers = {b"authorization": b"Bearer sk_test_history"}
        request = Request("GET", f"/v1/{path}", query.encode(), headers, b"")
        reply = self.finish(self.emulator.begin(request, "req_get"))
        assert reply.status == 200, reply
        return reply.body
