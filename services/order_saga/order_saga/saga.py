"""The pure core: the one function that moves a saga along its declaration.

It knows nothing of Kafka, SQL, HTTP or clocks. Every (state, message) has an outcome: a transition,
or a reason why the message is ignored.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from saga_schemas import Envelope
from saga_schemas.envelope import derived_message_id

from order_saga.definition import (
    Compensate,
    Definition,
    Either,
    End,
    Move,
    Next,
    Node,
    On,
    Parked,
    Rest,
    Step,
    rules,
)
from order_saga.domain import DeadlinePassed, OrderSaga, PlaceOrder, State

LAST_ATTEMPT = 1_000
"""The highest attempt that a message can carry (`saga_schemas.values.Attempt`)."""

IGNORED = "ignored: "


@dataclass(frozen=True, slots=True)
class Decision:
    """The saga as it is now, what to send, and what happened, in a few words.

    Attributes:
        refused: Nothing happened; `effect` says why.
    """

    saga: OrderSaga
    effect: str
    send: tuple[Envelope, ...] = ()
    refused: bool = False


def start(definition: Definition, message: PlaceOrder, now: datetime) -> Decision:
    """The first decision of a new saga: it enters its first step."""
    saga = OrderSaga(
        id=message.correlation_id,
        definition_version=definition.version,
        state=definition.start,
        attempt=1,
        clerk_user_id=message.payload.clerk_user_id,
        order=message.payload.order,
    )
    return _Interpreter(definition, now).enter(saga, definition.start)


def decide(definition: Definition, saga: OrderSaga, message: Envelope, now: datetime) -> Decision:
    """What a message does to a saga. Total: it never raises, and what does nothing says why."""
    decision = _Interpreter(definition, now).decide(saga, message)
    return replace(decision, saga=saga) if decision.refused else decision


@dataclass(frozen=True, slots=True)
class _Interpreter:
    """Reads a definition at one moment: what came, then where to go, then how it is entered."""

    definition: Definition
    now: datetime

    def decide(self, saga: OrderSaga, message: Envelope) -> Decision:
        node = self.definition.nodes[saga.state]
        if isinstance(message, DeadlinePassed) and not isinstance(node, End):
            return self._time_out(saga, node, message)
        match node:
            case Step() | Rest() | End():
                return self._apply(saga, node, message)
            case Parked():
                return self._unpark(saga, node, message)
            case _:
                assert_never(node)

    def _apply(self, saga: OrderSaga, node: Node, message: Envelope) -> Decision:
        late = _late(saga, node, message)
        why = late or f"{saga.state} does not wait for {message.type}"
        if isinstance(node, End):
            why = f"the order is already {saga.state}"
        for rule in rules(node):
            if not isinstance(message, rule.message) or (late and rule.fenced):
                continue
            refusal = rule.unless(saga, message)
            if refusal is None:
                return self._follow(saga, rule, message)
            why = refusal
        return _ignore(saga, why)

    def _follow(self, saga: OrderSaga, rule: On, message: Envelope) -> Decision:
        after = rule.remember(saga, message)
        if isinstance(message, self.definition.settled_by):
            after = after.but(undo=())
        quietly = rule.quietly and saga.state is not State.NEEDS_ATTENTION  # which was told
        decision = self._go(after, rule.then, quietly=quietly)
        if rule.tell is None:
            return decision
        told = self._identified(rule.tell(after), "told", str(message.message_id))
        return replace(decision, send=(*decision.send, told))

    def _time_out(self, saga: OrderSaga, step: Node, message: DeadlinePassed) -> Decision:
        late = message.payload
        current = (late.state, late.attempt) == (saga.state, saga.attempt)
        if not current or not isinstance(step, Step):
            which = f"{late.state}, attempt {late.attempt}"
            return _ignore(saga, f"the deadline of {which}, is behind it")
        if saga.tries < step.tries and saga.attempt < LAST_ATTEMPT:
            return self.enter(saga, saga.state, tries=saga.tries + 1)
        if step.on_timeout is None:
            return Decision(
                saga.but(overdue=True), f"{saga.state}: overdue, the outcome is unknown"
            )
        return self._go(step.on_timeout.remember(saga), step.on_timeout.then)

    def _unpark(self, saga: OrderSaga, node: Parked, message: Envelope) -> Decision:
        assert saga.parked  # noqa: S101 - only `Move.PARK` leads here, and it says from where
        parked = self.definition.nodes[saga.parked]
        if isinstance(message, node.retry):
            if not isinstance(parked, Step):
                return _ignore(saga, f"{saga.parked} has nothing to be tried again; resolve it")
            return self.enter(node.remember(saga, message), saga.parked)
        if not isinstance(message, node.resolve):
            return self._apply(saga, parked, message)
        resolution = message.payload.resolution
        if resolution not in node.resolutions:
            return _ignore(saga, f"an order cannot be resolved as {resolution}")
        if refusal := node.unless(saga, message):
            return _ignore(saga, refusal)
        return self.enter(node.remember(saga, message).but(undo=(), goal=None), resolution)

    def _go(self, saga: OrderSaga, then: Next, *, quietly: bool = False) -> Decision:
        match then:
            case State():
                return self.enter(saga, then, quietly=quietly)
            case Either():
                state = then.then if then.when(saga) else then.otherwise
                return self.enter(saga, state, quietly=quietly)
            case Compensate():
                undo = saga.undo[:-1] if then.in_vain else saga.undo
                return self._undo(saga.but(goal=then.goal, undo=undo))
            case Move.UNDONE:
                return self._undo(saga.but(undo=saga.undo[:-1]))
            case Move.STAY:
                return Decision(saga, f"remembered, still {saga.state}")
            case Move.PARK:
                told = saga.state is State.NEEDS_ATTENTION
                parked = saga.but(parked=saga.parked or saga.state)
                return self.enter(parked, State.NEEDS_ATTENTION, quietly=told)
            case _:
                assert_never(then)

    def _undo(self, saga: OrderSaga) -> Decision:
        if saga.undo:
            return self.enter(saga, saga.undo[-1])
        assert saga.goal  # noqa: S101 - `Compensate` has named it
        return self.enter(saga.but(goal=None), saga.goal)

    def enter(
        self, saga: OrderSaga, state: State, *, tries: int = 1, quietly: bool = False
    ) -> Decision:
        node, nth = self.definition.nodes[state], saga.attempts.get(state, 0) + 1
        if isinstance(node, Step) and nth > LAST_ATTEMPT:
            often = f"{LAST_ATTEMPT} times, which is as often as it may"
            return _ignore(saga, f"{state} was tried {often}")
        saga = saga.but(attempts={**saga.attempts, state: nth}, tries=tries, state=state)
        saga = saga.but(overdue=False, deadline_at=None)
        match node:
            case Step():
                saga = saga.but(attempt=nth, parked=None, undo=_with_undo(saga, node))
                saga = saga.but(deadline_at=self.now + node.time_of(tries))
                message = node.command(saga)
            case Parked():  # the attempt stays, as its reply may still come
                message = node.announce(saga)
            case Rest() | End():
                saga = saga.but(attempt=nth, parked=None, asked=None)
                message = node.announce(saga)
            case _:
                assert_never(node)
        identified = self._identified(message, state, nth)
        return Decision(saga, f"-> {state}", () if quietly else (identified,))

    def _identified(self, message: Envelope, *what: str | int) -> Envelope:
        message_id = derived_message_id(message.correlation_id, *what)
        return message.model_copy(update={"message_id": message_id, "timestamp": self.now})


def _late(saga: OrderSaga, node: Node, message: Envelope) -> str | None:
    """Why a message answers nothing that is under way; None where it does, or answers nobody."""
    attempt = getattr(message.payload, "attempt", None)
    if attempt is None:
        return None
    if isinstance(node, Rest | End):
        return f"it answers a command, and {saga.state} has sent none"
    if attempt == saga.attempt:
        return None
    return f"it answers attempt {attempt}, and {saga.attempt} is under way"


def _with_undo(saga: OrderSaga, step: Step) -> tuple[State, ...]:
    """Registered before the command is sent, so that an unknown outcome is undone too."""
    return (*saga.undo, step.undo) if step.undo and step.undo not in saga.undo else saga.undo


def _ignore(saga: OrderSaga, why: str) -> Decision:
    return Decision(saga, IGNORED + why, refused=True)
