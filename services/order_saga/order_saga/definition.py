"""What a saga is declared with, and what every declaration must fulfil."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeAlias

from saga_schemas import Envelope

from order_saga.domain import OrderSaga, State

LONGEST_WAIT_SECONDS = 604_800.0
"""A week, however often a step backed off: Stripe keeps a hold no longer."""


class Kind(StrEnum):
    """What may become of a step.

    A compensatable step can be undone; the pivot decides, after it nothing is undone any more; a
    retriable step is tried until it succeeds or a person takes over.
    """

    COMPENSATABLE = "compensatable"
    PIVOT = "pivot"
    RETRIABLE = "retriable"


@dataclass(frozen=True, slots=True)
class Compensate:
    """Undo, in reverse order, all that was registered, then end in `goal`.

    Attributes:
        in_vain: The step that leads here did nothing, so its own undo is not needed.
    """

    goal: State
    in_vain: bool = False


@dataclass(frozen=True, slots=True)
class Either:
    """One of two states."""

    when: Callable[[OrderSaga], bool]
    then: State
    otherwise: State


class Move(StrEnum):
    """Where to go that is not the same for every saga."""

    UNDONE = "undone"
    """An undo is done: the next one, or the goal."""
    STAY = "stay"
    """Nothing but the memory changes."""
    PARK = "park"
    """To `needs_attention`, until an operator retries or resolves."""


Next: TypeAlias = State | Compensate | Either | Move


def nothing_wrong(_: OrderSaga, __: Any) -> None:
    """No message is refused."""
    return


@dataclass(frozen=True, slots=True)
class On:
    """When this message comes: what the saga remembers of it, and where it goes.

    Attributes:
        unless: Why a message of this kind does not count; the next rule of its kind is tried, and
            without one it is ignored, visibly.
        quietly: The world outside hears nothing of it.
        tell: What the world outside hears of it at once, besides what its next state announces.
        fenced: It answers the attempt under way, or nobody. What is not fenced has happened
            whichever attempt it answers, and `unless` says whether it was heard before.
    """

    message: type[Envelope]
    remember: Callable[[OrderSaga, Any], OrderSaga]
    then: Next
    unless: Callable[[OrderSaga, Any], str | None] = nothing_wrong
    quietly: bool = False
    fenced: bool = True
    tell: Callable[[OrderSaga], Envelope] | None = None


@dataclass(frozen=True, slots=True)
class OnTimeout:
    """When the last try has had no reply in time: likewise."""

    remember: Callable[[OrderSaga], OrderSaga]
    then: Next


@dataclass(frozen=True, slots=True)
class Step:
    """The saga has sent a command and waits for one of its replies.

    Attributes:
        on: Its replies, and what may be asked for meanwhile.
        timeout_seconds: Of the first try; of each further one `back_off` times the one before.
        tries: How often the command is sent before `on_timeout`.
        on_timeout: None: the saga stays where it is, visibly overdue, and a late reply counts.
        undo: The step that undoes this one, also where its outcome is unknown. Registered before
            the command is sent. A question leaves nothing to undo: `nothing_to_undo`.
    """

    kind: Kind
    command: Callable[[OrderSaga], Envelope]
    on: tuple[On, ...]
    timeout_seconds: float
    on_timeout: OnTimeout | None
    tries: int = 1
    back_off: float = 1.0
    undo: State | None = None
    nothing_to_undo: bool = False

    def time_of(self, tries: int) -> timedelta:
        """How long this try, counted from 1, waits for its reply."""
        wait = self.timeout_seconds * self.back_off ** (tries - 1)
        return timedelta(seconds=min(wait, LONGEST_WAIT_SECONDS))


@dataclass(frozen=True, slots=True)
class Rest:
    """The saga's work is done for now; what happens next is decided outside."""

    announce: Callable[[OrderSaga], Envelope]
    on: tuple[On, ...] = ()


@dataclass(frozen=True, slots=True)
class Parked:
    """A step could not go on: its replies still count, and an operator retries or resolves it.

    Attributes:
        retry: The message that has the step tried again.
        resolve: The message that ends the saga by hand, in the state that its payload names.
        resolutions: The states it may name.
    """

    announce: Callable[[OrderSaga], Envelope]
    retry: type[Envelope]
    resolve: type[Envelope]
    resolutions: tuple[State, ...]
    remember: Callable[[OrderSaga, Any], OrderSaga]
    unless: Callable[[OrderSaga, Any], str | None] = nothing_wrong


@dataclass(frozen=True, slots=True)
class End:
    """The saga is over: nobody may ask for anything, and only what happens at Stripe moves it."""

    announce: Callable[[OrderSaga], Envelope]
    on: tuple[On, ...] = ()


Node: TypeAlias = Step | Rest | Parked | End


@dataclass(frozen=True, slots=True)
class Definition:
    """The declaration of a saga: a node for each of its states; `soundness` says what it must be.

    Attributes:
        settled_by: The messages after which there is nothing left to be undone.
    """

    version: int
    start: State
    nodes: Mapping[State, Node]
    settled_by: tuple[type[Envelope], ...] = ()


def rules(node: Node) -> tuple[On, ...]:
    """The rules of a node."""
    return () if isinstance(node, Parked) else node.on
