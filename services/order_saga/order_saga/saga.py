"""The pure core: what a saga is made of, and the one function that moves it.

It knows nothing of Kafka, SQL, HTTP or clocks. Every (state, message) has an outcome: a transition,
or a reason why the message is ignored.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from graphlib import TopologicalSorter
from typing import Any, TypeAlias, assert_never

from saga_schemas import Envelope
from saga_schemas.envelope import derived_message_id

from order_saga.domain import DeadlinePassed, OrderSaga, PlaceOrder, State


def _nothing_wrong(_: OrderSaga, __: Any) -> None:
    return None


@dataclass(frozen=True, slots=True)
class On:
    """When this reply comes: what the saga remembers of it, and where it goes.

    Attributes:
        unless: Why a reply of this kind is not one to this saga; it is then ignored, visibly.
    """

    reply: type[Envelope]
    remember: Callable[[OrderSaga, Any], OrderSaga]
    then: State
    unless: Callable[[OrderSaga, Any], str | None] = _nothing_wrong


@dataclass(frozen=True, slots=True)
class OnTimeout:
    """When no reply comes in time: likewise."""

    remember: Callable[[OrderSaga], OrderSaga]
    then: State


@dataclass(frozen=True, slots=True)
class Step:
    """The saga has sent a command and waits for one of its replies.

    Attributes:
        timeout_seconds: After which the step is overdue.
        on_timeout: None: the saga stays where it is, visibly overdue, and a late reply counts.
        undo: The command that undoes `command`, also where its outcome is unknown.
    """

    command: Callable[[OrderSaga], Envelope]
    replies: tuple[On, ...]
    timeout_seconds: float
    on_timeout: OnTimeout | None
    undo: Callable[[OrderSaga], Envelope] | None


@dataclass(frozen=True, slots=True)
class Rest:
    """The saga's work is done for now; what happens next is decided outside."""

    announce: Callable[[OrderSaga], Envelope]


@dataclass(frozen=True, slots=True)
class End:
    """The saga is over; nothing moves it any more."""

    announce: Callable[[OrderSaga], Envelope]


Node: TypeAlias = Step | Rest | End


def _next_states(node: Node) -> set[State]:
    match node:
        case Step():
            late = {node.on_timeout.then} if node.on_timeout else set[State]()
            return {on.then for on in node.replies} | late
        case Rest() | End():
            return set()
        case _:
            assert_never(node)


def _can_be_answered(node: Node) -> bool:
    if not isinstance(node, Step):
        return True
    return 0 < len({on.reply for on in node.replies}) == len(node.replies)


@dataclass(frozen=True, slots=True)
class Definition:
    """The declaration of a saga: a node for every state.

    Every state can be reached, and whatever is answered leads to a rest or an end: a state is
    entered at most once, which is what makes the `message_id` of its command unique.

    Raises:
        ValueError: The declaration is not of that kind; the message names the states.
    """

    version: int
    start: State
    nodes: Mapping[State, Node]

    def __post_init__(self) -> None:
        if missing := set(State) - set(self.nodes):
            raise ValueError(f"states without a node: {sorted(missing)}")
        if stuck := {state for state, node in self.nodes.items() if not _can_be_answered(node)}:
            raise ValueError(f"steps without a reply, or with two rules for one: {sorted(stuck)}")
        next_states = {state: _next_states(node) for state, node in self.nodes.items()}
        if unreachable := set(State) - {self.start}.union(*next_states.values()):
            raise ValueError(f"states that nothing leads to: {sorted(unreachable)}")
        TopologicalSorter(next_states).prepare()  # its CycleError is a ValueError


@dataclass(frozen=True, slots=True)
class Decision:
    """The saga as it is now, what to send, and what happened, in a few words."""

    saga: OrderSaga
    effect: str
    send: tuple[Envelope, ...] = ()


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
    node = definition.nodes[saga.state]
    match node:
        case Step():
            if isinstance(message, DeadlinePassed):
                return _time_out(definition, saga, node, message, now)
            return _reply(definition, saga, node, message, now)
        case Rest() | End():
            return _ignore(saga, f"the order is already {saga.state}")
        case _:
            assert_never(node)


def _reply(
    definition: Definition, saga: OrderSaga, step: Step, message: Envelope, now: datetime
) -> Decision:
    rule = next((on for on in step.replies if isinstance(message, on.reply)), None)
    if rule is None:
        return _ignore(saga, f"{saga.state} does not wait for {message.type}")
    attempt = message.payload.attempt
    if attempt is not None and attempt != saga.attempt:
        return _ignore(saga, f"it answers attempt {attempt}, and {saga.attempt} is under way")
    if why := rule.unless(saga, message):
        return _ignore(saga, why)
    return _enter(definition, rule.remember(saga, message), rule.then, now)


def _time_out(
    definition: Definition, saga: OrderSaga, step: Step, message: DeadlinePassed, now: datetime
) -> Decision:
    if (message.payload.state, message.payload.attempt) != (saga.state, saga.attempt):
        late = message.payload
        return _ignore(saga, f"the deadline of {late.state}, attempt {late.attempt}, is behind it")
    if step.on_timeout is None:
        return Decision(saga.but(overdue=True), f"{saga.state}: overdue, the outcome is unknown")
    return _enter(definition, step.on_timeout.remember(saga), step.on_timeout.then, now)


def _enter(definition: Definition, saga: OrderSaga, state: State, now: datetime) -> Decision:
    node = definition.nodes[state]
    saga = saga.but(state=state, attempt=1, overdue=False, deadline_at=None)
    match node:
        case Step():
            saga = saga.but(deadline_at=now + timedelta(seconds=node.timeout_seconds))
            message = node.command(saga)
        case Rest() | End():
            message = node.announce(saga)
        case _:
            assert_never(node)
    message_id = derived_message_id(saga.id, state, saga.attempt)
    identified = message.model_copy(update={"message_id": message_id, "timestamp": now})
    return Decision(saga, f"-> {state}", (identified,))


def _ignore(saga: OrderSaga, why: str) -> Decision:
    return Decision(saga, f"ignored: {why}")
