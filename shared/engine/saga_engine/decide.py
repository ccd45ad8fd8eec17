"""The interpreter: one pure function that says what a message does to a saga.

It does no I/O and reads no clock. Every message in every state has an outcome: a transition, or a
reason why the message is ignored.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar, assert_never

from saga_schemas.envelope import Command, Envelope, derived_message_id

from saga_engine.declaration import Definition, End, Node, Parked, Rest, Step
from saga_engine.messages import DeadlinePassed
from saga_engine.state import Position, SagaState
from saga_engine.transitions import (
    OnMessage,
    OnNoReply,
    OnOperator,
    Transition,
    entered,
    transitions,
)

LAST_ATTEMPT: Final = 1_000
"""The highest attempt that a message can carry (`saga_schemas.values.Attempt`)."""

IGNORED: Final = "ignored: "

_PUBLISHED_BESIDES: Final = "told"  # part of message ids that were sent: it must not change

S = TypeVar("S", bound=SagaState)


@dataclass(frozen=True, slots=True)
class Decision(Generic[S]):
    """The saga as it is now, the messages to send, and what happened, in a few words.

    Attributes:
        refused: Nothing happened; `effect` says why.
    """

    saga: S
    effect: str
    send: tuple[Envelope, ...] = ()
    refused: bool = False


def start(definition: Definition, saga: S, now: datetime) -> Decision[S]:
    """Enter the first step of a new saga, whose `state` is the declaration's `start`."""
    first = entered(definition, Position(definition.start), definition.start)
    return _Interpreter(definition, now).move(saga, first)


def decide(definition: Definition, saga: S, message: Envelope, now: datetime) -> Decision[S]:
    """Return what a message does to a saga. Never raises; a refusal returns the same saga.

    Args:
        definition: The declaration that the saga started with.
        saga: The saga before the message.
        message: A reply, an event, a request, or a `DeadlinePassed`.
        now: The time that deadlines are counted from; aware.
    """
    decision = _Interpreter(definition, now).decide(saga, message)
    return replace(decision, saga=saga) if decision.refused else decision


@dataclass(frozen=True, slots=True)
class _Interpreter:
    definition: Definition
    now: datetime

    def decide(self, saga: S, message: Envelope) -> Decision[S]:
        node = self.definition.nodes[saga.state]
        found = transitions(self.definition, saga.position)
        if isinstance(message, DeadlinePassed) and not isinstance(node, End):
            return self._time_out(saga, node, found, message)
        if isinstance(node, Parked) and isinstance(message, node.retry | node.resolve):
            return self._unpark(saga, node, found, message)
        if isinstance(node, Parked) and saga.parked:
            node = self.definition.nodes[saga.parked]
        return self._apply(saga, node, found, message)

    def _apply(
        self, saga: S, node: Node, found: tuple[Transition, ...], message: Envelope
    ) -> Decision[S]:
        stale = _stale(saga, node, message)
        why = stale or f"{message.type} is not accepted while {saga.state}"
        if isinstance(node, End):
            why = f"already {node.state}"
        for transition in found:
            if not isinstance(transition, OnMessage):
                continue
            rule = transition.rule
            if not isinstance(message, rule.message) or (stale and not rule.any_attempt):
                continue
            refusal = rule.unless(saga, message)
            if refusal is None:
                return self._follow(saga, transition, message)
            why = refusal
        return _ignore(saga, why)

    def _follow(self, saga: S, transition: OnMessage, message: Envelope) -> Decision[S]:
        rule = transition.rule
        kept = rule.keep(saga, message)
        # Whoever was informed that the saga needs attention is informed of what ended that.
        was_parked = isinstance(self.definition.nodes[saga.state], Parked)
        publish = rule.publish is not False or was_parked
        decision = self._go(kept, transition, publish=publish)
        if decision.refused or isinstance(rule.publish, bool):
            return decision
        besides = rule.publish(kept)
        event = self._identified(besides, _PUBLISHED_BESIDES, str(message.message_id))
        return replace(decision, send=(*decision.send, event))

    def _time_out(
        self, saga: S, node: Node, found: tuple[Transition, ...], message: DeadlinePassed
    ) -> Decision[S]:
        late = message.payload
        current = (late.state, late.attempt) == (saga.state, saga.attempt)
        if not current or not isinstance(node, Step):
            return _ignore(saga, f"the deadline of {late.state}, attempt {late.attempt}, is stale")
        if saga.tries < node.timeout.tries and saga.attempt < LAST_ATTEMPT:
            return self.move(saga, saga.position, tries=saga.tries + 1)
        for transition in found:
            if isinstance(transition, OnNoReply):
                decision = self._go(transition.rule.keep(saga), transition)
                if not decision.refused:
                    return decision
        overdue = replace(saga, overdue=True)
        return Decision(overdue, f"{saga.state}: overdue, the outcome is unknown")

    def _unpark(
        self, saga: S, node: Parked, found: tuple[Transition, ...], message: Any
    ) -> Decision[S]:
        wanted = message.payload.resolution if isinstance(message, node.resolve) else None
        for transition in found:
            if not isinstance(transition, OnOperator) or transition.resolution != wanted:
                continue
            refusal = node.unless(saga, message) if wanted else None
            if refusal:
                return _ignore(saga, refusal)
            return self._go(node.keep(saga, message), transition)
        if wanted is None:
            return _ignore(saga, f"{saga.parked} has no command to retry; resolve it")
        return _ignore(saga, f"as: {wanted} is not one of the resolutions")

    def _go(self, saga: S, transition: Transition, *, publish: bool = True) -> Decision[S]:
        chosen = transition.outcomes[-1]
        for outcome in transition.outcomes:
            if outcome.condition is None or outcome.condition(saga):
                chosen = outcome
                break
        if transition.stays:
            kept = replace(saga, compensations=chosen.after.compensations)
            return Decision(kept, f"recorded, still {saga.state}")
        return self.move(saga, chosen.after, publish=publish)

    def move(
        self, saga: S, after: Position, *, tries: int = 1, publish: bool = True
    ) -> Decision[S]:
        """Enter a position: count the attempt, set the deadline, make the message."""
        node, nth = self.definition.nodes[after.state], saga.attempts.get(after.state, 0) + 1
        if isinstance(node, Step) and nth > LAST_ATTEMPT:
            return _ignore(saga, f"{after.state}: attempt limit ({LAST_ATTEMPT}) reached")
        entering = replace(
            saga,
            state=after.state,
            compensations=after.compensations,
            ends_in=after.ends_in,
            parked=after.parked,
            attempts={**saga.attempts, after.state: nth},
            tries=tries,
            overdue=False,
            deadline_at=None,
        )
        match node:
            case Step():
                wait = node.timeout.of_try(tries)
                moved = replace(entering, attempt=nth, deadline_at=self.now + wait)
                message = _with_timeout(node, node.command(moved), wait)
            case Parked():  # the attempt stays: its reply may still come
                moved, silent = entering, isinstance(self.definition.nodes[saga.state], Parked)
                publish = publish and not silent
                message = node.announce(moved)
            case Rest() | End():
                moved = replace(entering, attempt=nth).at_rest()
                message = node.announce(moved)
            case _:
                assert_never(node)
        sent = (self._identified(message, after.state, nth),) if publish else ()
        return Decision(moved, f"-> {after.state}", sent)

    def _identified(self, message: Envelope, *what: str | int) -> Envelope:
        message_id = derived_message_id(message.correlation_id, *what)
        return message.model_copy(update={"message_id": message_id, "timestamp": self.now})


def _with_timeout(step: Step, command: Envelope, wait: timedelta) -> Envelope:
    """Set the command's time-out, unless a late reply still counts."""
    if not isinstance(command, Command) or step.timeout_rule is None:
        return command
    return command.model_copy(update={"timeout_seconds": wait.total_seconds()})


def _stale(saga: SagaState, node: Node, message: Envelope) -> str | None:
    """Return why a message answers no command in flight; None if it answers one, or is an event."""
    attempt = getattr(message.payload, "attempt", None)
    if attempt is None:
        return None
    if isinstance(node, Rest | End):
        return f"unsolicited reply: {saga.state} has no command in flight"
    if attempt == saga.attempt:
        return None
    return f"reply to attempt {attempt}; attempt {saga.attempt} is in flight"


def _ignore(saga: S, why: str) -> Decision[S]:
    return Decision(saga, IGNORED + why, refused=True)
