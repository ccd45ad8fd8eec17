"""A history: an emulator and a model, compared after every step."""

import shutil
import tempfile
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from stripe_emulator.requests.execution import AdmittedRequest

from histories import checks
from histories.caller import START, Caller, Reply
from histories.model import DAY, STATE, Expected, World
from histories.operations import Operation


class Sent(NamedTuple):
    operation: Operation
    key: str | None

    @property
    def content(self) -> tuple[str, dict[str, str]]:
        return self.operation.path, self.operation.form()


class Kept(NamedTuple):
    sent: Sent
    reply: Reply
    at: int


class Lasting(NamedTuple):
    """The state to restore from a journal that is cut between this entry and the next."""

    size: int
    seen: dict[str, Any]
    kept: list[tuple[Any, ...]]


class History:
    """A history of calls; a difference between emulator and model is an AssertionError."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="histories-"))
        self.caller = Caller(self.folder / "journal")
        self.world = World(START)
        self.sent: list[Sent] = []
        self.taken: set[tuple[str | None, str]] = set()
        self._kept: dict[str, Kept] = {}
        self._statuses: dict[str, str] = {}
        self._numbers = count()
        self._events_seen = 0
        self._created_under: dict[str, int] = {}
        self._lasting = [Lasting(0, self._seen(), [])]
        for name in ("Ann", "Bob"):
            customer = self.caller.post("customers", {"name": name}).body["id"]
            self.world.customers.append(customer)
            self._remember()

    def close(self) -> None:
        self.caller.close()
        shutil.rmtree(self.folder)

    def send(self, operation: Operation, key: str | None = None) -> None:
        """Make a call, which is a replay or a mismatch under a key with a kept response."""
        sent = Sent(operation, key)
        self.sent.append(sent)
        kept = self._kept.get(key) if key else None
        before = self._seen()
        if kept is None or self.world.now - kept.at >= DAY:
            self._finish(sent, self.caller.begin(*sent.content, key), operation.expect(self.world))
            return
        reply = self.caller.post(*sent.content, key)
        if kept.sent.content == sent.content:
            assert reply == kept.reply._replace(replayed=True)
        else:
            assert (reply.status, reply.body["error"]["type"]) == (400, "idempotency_error")
        assert self._seen() == before

    def overlap(self, sent: Sent, ending: str) -> None:
        """Repeat a call in progress, which is then finished, abandoned or killed."""
        key = f"overlap-{next(self._numbers)}"
        expected = sent.operation.expect(self.world)
        work = self.caller.begin(*sent.content, key)
        assert isinstance(work, AdmittedRequest)
        for form in (sent.operation.form(), {"other": "parameters"}):
            reply = self.caller.post(sent.operation.path, form, key)
            assert (reply.status, reply.body["error"]["code"]) == (409, "idempotency_key_in_use")
        if ending == "finish":
            self._finish(Sent(sent.operation, key), work, expected)
            return
        if ending == "give up":
            self.caller.emulator.abandon(work)
        else:
            self.restart()
        self.send(sent.operation, key)

    def restart(self) -> None:
        """Kill the emulator and restore it from its journal."""
        before, kept = self._seen(), checks.kept_answers(self.caller)
        self.caller.restart()
        assert self._seen() == before
        assert checks.kept_answers(self.caller) == kept

    def cut(self, at: int) -> None:
        """Start another emulator from a prefix of the journal, which has no partial call."""
        written = self.caller.path.read_bytes()
        at %= len(written) + 1
        path = self.folder / "cut"
        path.write_bytes(written[:at])
        other = Caller(path)
        try:
            lasting = [lasting for lasting in self._lasting if lasting.size <= at][-1]
            assert checks.digest(other, self.world) == lasting.seen
            assert checks.kept_answers(other) == lasting.kept
        finally:
            other.close()
            path.unlink()

    def advance(self, seconds: int) -> None:
        """Move the clock and check that exactly the expired holds are released."""
        self.world.now += seconds
        self.caller.emulator.advance(seconds)
        list(self.world.expire())

    def authenticate(self, intent_id: str, *, succeeded: bool) -> None:
        """Authenticate the cardholder; without a pending authentication nothing happens."""
        before = self._seen()
        intent = self.caller.emulator.account.payment_intent(intent_id)
        self.caller.emulator.authenticate(intent, succeeded=succeeded)
        if self.world.intents[intent_id].status == "requires_action":
            self.world.authenticated(self.world.intents[intent_id], succeeded=succeeded)
        else:
            assert self._seen() == before

    def check(self) -> None:
        """Compare everything observable with the model."""
        pages = (self.caller.get(path, "limit=100") for path in ("payment_intents", "charges"))
        intents, charges = (page["data"] for page in pages)
        shown = {intent["id"]: intent for intent in intents}
        checks.check_intents(shown, self.world)
        checks.check_ledger(self.caller, self.world)
        log = list(self.caller.emulator.account.events)
        new = [orjson.loads(orjson.dumps(event.as_json())) for event in log[self._events_seen :]]
        self.taken |= checks.check_events(new, self._statuses, shown)
        checks.check_snapshots(new, [*intents, *charges])
        self._check_keys(new)
        self._events_seen = len(log)
        self._statuses = {intent_id: intent["status"] for intent_id, intent in shown.items()}
        self._remember()

    def _remember(self) -> None:
        size = self.caller.path.stat().st_size
        self._lasting.append(Lasting(size, self._seen(), checks.kept_answers(self.caller)))

    def _finish(self, sent: Sent, work: Any, expected: Expected) -> None:
        before = self._seen()
        reply = self.caller.finish(work)
        shown, code = reply.body, None
        if reply.status != 200:
            error = reply.body["error"]
            shown, code = error.get("payment_intent"), error.get("code")
            assert (code == STATE) <= (shown is not None)
        assert (reply.status, code) == (expected.status, expected.code), reply.body
        assert not reply.replayed
        if expected.refused:
            assert self._seen() == before
        else:
            expected.change(shown)
        if sent.key and expected.kept:
            self._kept[sent.key] = Kept(sent, reply, self.world.now)

    def _check_keys(self, new: list[dict[str, Any]]) -> None:
        for event in new:
            key = event["request"]["idempotency_key"]
            if event["type"] == "payment_intent.created" and key:
                at = self._created_under.get(key)
                assert at is None or event["created"] - at >= DAY
                self._created_under[key] = event["created"]

    def _seen(self) -> dict[str, Any]:
        return checks.digest(self.caller, self.world)
