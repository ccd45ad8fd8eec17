"""The pure core: the one function that moves a saga along its declaration.

It knows nothing of Kafka, SQL, HTTP or clocks. Every (state, message) has an outcome: a transition,
or a reason why the message is ignored.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
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

LONGEST_WAIT_SECONDS = 604_800.0
"""A week, however often a step backed off: Stripe keeps a hold no longer."""

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
    return _enter(definition, saga, definition.start, now)


def decide(definition: Definition, saga: OrderSaga, message: Envelope, now: datetime) -> Decision:
    """What a message does to a saga. Total: it never raises, and what does nothing says why."""
    decision = _decide(definition, saga, message, now)
    return replace(decision, saga=saga) if decision.refused else decision


def _decide(definition: Definition, saga: OrderSaga, message: Envelope, now: datetime) -> Decision:
    node = definition.nodes[saga.state]
    if isinstance(message, DeadlinePassed) and not isinstance(node, End):
        return _time_out(definition, saga, node, message, now)
    match node:
        case Step() | Rest():
            return _apply(definition, saga, node, message, now)
        case Parked():
            return _unpark(definition, saga, node, message, now)
        case End():
            return _ignore(saga, f"the order is already {saga.state}")
        case _:
            assert_never(node)


def _apply(
    definition: Definition, saga: OrderSaga, node: Node, message: Envelope, now: datetime
) -> Decision:
    late = _late(saga, node, message)
    why = late or f"{saga.state} does not wait for {message.type}"
    for rule in rules(node):
        if not isinstance(message, rule.message) or (late and rule.fenced):
            continue
        refusal = rule.unless(saga, message)
        if refusal is None:
            return _follow(definition, saga, rule, message, now)
        why = refusal
    return _ignore(saga, why)


def _late(saga: OrderSaga, node: Node, message: Envelope) -> str | None:
    attempt = getattr(message.payload, "attempt", None)
    if attempt is None:
        return None
    if isinstance(node, Rest):
        return f"it answers a command, and {saga.state} has sent none"
    if attempt == saga.attempt:
        return None
    return f"it answers attempt {attempt}, and {saga.attempt} is under way"


def _follow(
    definition: Definition, saga: OrderSaga, rule: On, message: Envelope, now: datetime
) -> Decision:
    after = rule.remember(saga, message)
    if definition.passed_by and isinstance(message, definition.passed_by):
        after = after.but(undo=())
    return _go(definition, after, rule.then, now, quietly=rule.quietly)


def _time_out(
    definition: Definition, saga: OrderSaga, step: Node, message: DeadlinePassed, now: datetime
) -> Decision:
    late = message.payload
    current = (late.state, late.attempt) == (saga.state, saga.attempt)
    if not current or not isinstance(step, Step):
        return _ignore(saga, f"the deadline of {late.state}, attempt {late.attempt}, is behind it")
    if saga.tries < step.tries and saga.attempt < LAST_ATTEMPT:
        return _enter(definition, saga, saga.state, now, tries=saga.tries + 1)
    if step.on_timeout is None:
        return Decision(saga.but(overdue=True), f"{saga.state}: overdue, the outcome is unknown")
    after = step.on_timeout.remember(saga)
    return _go(definition, after, step.on_timeout.then, now)


def _unpark(
    definition: Definition, saga: OrderSaga, node: Parked, message: Envelope, now: datetime
) -> Decision:
    assert saga.parked  # noqa: S101 - only `Move.PARK` leads here, and it says from where
    if isinstance(message, node.retry):
        return _enter(definition, node.remember(saga, message), saga.parked, now)
    if not isinstance(message, node.resolve):
        return _apply(definition, saga, definition.nodes[saga.parked], message, now)
    resolution = message.payload.resolution
    if resolution not in node.resolutions:
        return _ignore(saga, f"an order cannot be resolved as {resolution}")
    if refusal := node.unless(saga, message):
        return _ignore(saga, refusal)
    after = node.remember(saga, message).but(undo=(), goal=None)
    return _enter(definition, after, resolution, now)


def _go(
    definition: Definition, saga: OrderSaga, then: Next, now: datetime, *, quietly: bool = False
) -> Decision:
    match then:
        case State():
            return _enter(definition, saga, then, now, quietly=quietly)
        case Either():
            state = then.then if then.when(saga) else then.otherwise
            return _enter(definition, saga, state, now, quietly=quietly)
        case Compensate():
            undo = saga.undo[:-1] if then.in_vain else saga.undo
            return _undo(definition, saga.but(goal=then.goal, undo=undo), now)
        case Move.UNDONE:
            return _undo(definition, saga.but(undo=saga.undo[:-1]), now)
        case Move.STAY:
            return Decision(saga, f"remembered, still {saga.state}")
        case Move.PARK:
            parked = saga.but(parked=saga.parked or saga.state)
            return _enter(definition, parked, State.NEEDS_ATTENTION, now)
        case _:
            assert_never(then)


def _undo(definition: Definition, saga: OrderSaga, now: datetime) -> Decision:
    if saga.undo:
        return _enter(definition, saga, saga.undo[-1], now)
    assert saga.goal  # noqa: S101 - `Compensate` has named it
    return _enter(definition, saga.but(goal=None), saga.goal, now)


def _enter(  # noqa: PLR0913 - a saga, where it goes, and how
    definition: Definition,
    saga: OrderSaga,
    state: State,
    now: datetime,
    *,
    tries: int = 1,
    quietly: bool = False,
) -> Decision:
    node = definition.nodes[state]
    attempts = {**saga.attempts, state: saga.attempts.get(state, 0) + 1}
    if isinstance(node, Step) and attempts[state] > LAST_ATTEMPT:
        return _ignore(saga, f"{state} was tried {LAST_ATTEMPT} times, which is as often as it may")
    saga = saga.but(attempts=attempts, tries=tries, overdue=False, deadline_at=None)
    match node:
        case Step():
            wait = min(node.timeout_seconds * node.back_off ** (tries - 1), LONGEST_WAIT_SECONDS)
            new = node.undo and node.undo not in saga.undo
            undo = (*saga.undo, node.undo) if new else saga.undo
            saga = saga.but(state=state, attempt=attempts[state], parked=None)
            saga = saga.but(deadline_at=now + timedelta(seconds=wait), undo=undo)
            message = node.command(saga)
        case Parked():
            saga = saga.but(state=state)  # the attempt stays, as its reply may still come
            message = node.announce(saga)
        case Rest() | End():
            saga = saga.but(state=state, attempt=attempts[state], parked=None, asked=None)
            message = node.announce(saga)
        case _:
            assert_never(node)
    message_id = derived_message_id(saga.id, state, attempts[state])
    identified = message.model_copy(update={"message_id": message_id, "timestamp": now})
    return Decision(saga, f"-> {state}", () if quietly else (identified,))


def _ignore(saga: OrderSaga, why: str) -> Decision:
    return Decision(saga, IGNORED + why, refused=True)
