"""Every path of a declaration, walked with the real `decide`, message by message."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Self
from uuid import uuid4

from saga_engine.decide import Decision, decide, start
from saga_engine.declaration import Definition, End
from saga_engine.messages import DeadlinePassed, ResolveRequested, RetryRequested
from saga_engine.state import SagaState
from saga_engine.transitions import NO_REPLY
from saga_schemas.envelope import Envelope

from engine_testing.ledger import Effects, Ledger
from engine_testing.messages import SAGA_ID, Payload

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Path:
    """A saga from its start: each message and the state after it, and what was done meanwhile."""

    definition: Definition
    decision: Decision[Any]
    ledger: Ledger
    steps: tuple[tuple[str, str], ...] = ()

    @classmethod
    def begin(cls, definition: Definition, effects: Effects, saga: SagaState | None = None) -> Self:
        """Start the saga."""
        new = saga or SagaState(
            id=SAGA_ID, definition_version=definition.version, state=definition.start
        )
        first = start(definition, new, NOON)
        nothing = DeadlinePassed.model_construct(type="start")
        ledger = Ledger(effects).after("", None, nothing, first)
        return cls(definition, first, ledger, (("start", first.saga.state),))

    @property
    def saga(self) -> Any:
        """The saga as it is."""
        return self.decision.saga

    @property
    def has_ended(self) -> bool:
        """Whether the saga is in an end."""
        return isinstance(self.definition.nodes[self.saga.state], End)

    def receive(self, message: Envelope, name: str | None = None) -> Self:
        """Return the path after one more message; the same path if it is refused."""
        decision = decide(self.definition, self.saga, message, NOON)
        if decision.refused:
            assert decision.saga is self.saga
            assert decision.send == ()
            return self
        ledger = self.ledger.after(self.saga.state, self.saga.parked, message, decision)
        step = (name or message.type, decision.saga.state)
        return type(self)(self.definition, decision, ledger, (*self.steps, step))

    def reply(self, type_: type[Envelope]) -> Self:
        """Receive a reply to the attempt in flight."""
        return self.receive(made(type_, self.saga.attempt))

    def event(self, type_: type[Envelope]) -> Self:
        """Receive an event or a request, which answers no command."""
        return self.receive(made(type_, None))

    def stale(self, type_: type[Envelope]) -> Self:
        """Receive a reply to an attempt that is not in flight."""
        return self.receive(made(type_, self.saga.attempt + 1))

    def time_out(self) -> Self:
        """Let the deadline pass once."""
        payload = {"state": self.saga.state, "attempt": self.saga.attempt}
        return self.receive(operator_message(DeadlinePassed, payload), NO_REPLY)

    def retry(self) -> Self:
        """Have an operator retry the parked step."""
        return self.receive(operator_message(RetryRequested, {"by": "operator"}))

    def resolve(self, state: str) -> Self:
        """Have an operator resolve the saga."""
        message = operator_message(ResolveRequested, {"by": "operator", "as": state})
        return self.receive(message)


def made(type_: type[Envelope], attempt: int | None) -> Envelope:
    """Return a message with an id of its own."""
    return type_(correlation_id=SAGA_ID, payload=Payload(attempt=attempt), message_id=uuid4())


def operator_message(type_: type[Envelope], payload: dict[str, Any]) -> Envelope:
    """Return a message of the engine's own."""
    content = {"type": type_.model_fields["type"].default, "correlation_id": SAGA_ID}
    content |= {"timestamp": NOON + timedelta(seconds=1), "payload": payload, "source": "test"}
    return type_.model_validate({**content, "message_id": uuid4()})


def walk(beginning: Path) -> Iterator[Path]:
    """Return a shortest path to each end, for each way of getting there.

    Two paths are one if the saga is at the same position, at the same try, with the same ledger.
    """
    seen, new = {_key(beginning)}, deque([beginning])
    while new:
        path = new.popleft()
        for longer in (move(path) for move in possible(path)):
            if longer is path:
                continue
            if longer.has_ended:
                yield longer
            if _key(longer) not in seen:
                seen.add(_key(longer))
                new.append(longer)


def covering(beginning: Path) -> list[Path]:
    """Return for each transition between positions the shortest path that takes it to an end."""
    taken: dict[tuple[object, ...], Path] = {}
    seen, new = {beginning.saga.position}, deque([beginning])
    while new:
        path = new.popleft()
        for longer in (move(path) for move in possible(path)):
            if longer is path:
                continue
            way = (path.saga.position, path.saga.tries, longer.steps[-1], longer.saga.position)
            taken.setdefault(way, longer)
            if (longer.saga.position, longer.saga.tries) not in seen:
                seen.add((longer.saga.position, longer.saga.tries))
                new.append(longer)
    ended = {path.steps: path for path in map(_to_the_nearest_end, taken.values())}
    return sorted(ended.values(), key=lambda path: (len(path.steps), path.steps))


def _to_the_nearest_end(path: Path) -> Path:
    seen, new = {_key(path)}, deque([path])
    while new:
        path = new.popleft()
        if path.has_ended:
            return path
        for longer in (move(path) for move in possible(path)):
            if _key(longer) not in seen:
                seen.add(_key(longer))
                new.append(longer)
    raise AssertionError(f"no way to an end: {path.steps}")


def possible(path: Path) -> list[Callable[[Path], Path]]:
    """Return every message that can be received, late and stale ones too."""
    messages = {rule.message for node in path.definition.nodes.values() for rule in node.rules}
    parked = path.definition.parked
    return [
        *(
            partial(receive, type_=message)
            for message in sorted(messages, key=lambda each: each.__name__)
            for receive in (Path.reply, Path.event, Path.stale)
        ),
        Path.time_out,
        Path.retry,
        *(
            partial(Path.resolve, state=state)
            for state in ((*parked.resolutions, *parked.committed) if parked else ())
        ),
    ]


def _key(path: Path) -> tuple[object, ...]:
    ledger = path.ledger
    return (
        path.saga.position,
        path.saga.tries,
        ledger.done,
        ledger.compensated,
        ledger.closed,
        ledger.needlessly,
    )
