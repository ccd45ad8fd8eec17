"""A saga's state: its position in the declaration, its attempts and its deadline."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self


@dataclass(frozen=True, slots=True)
class Position:
    """Where a saga is in its declaration: all that decides where it can go next.

    Attributes:
        state: The state it is in.
        compensations: The states that compensate what may have been done, in the order in which
            they were registered; they run in the reverse order.
        ends_in: The state in which the compensation under way ends; None if none is under way.
        parked: The state that could not go on, while the saga waits for an operator.
    """

    state: str
    compensations: tuple[str, ...] = ()
    ends_in: str | None = None
    parked: str | None = None

    @property
    def states(self) -> frozenset[str]:
        """Every state that it names."""
        named = (self.state, *self.compensations, self.ends_in, self.parked)
        return frozenset(state for state in named if state is not None)

    def without(self, *compensations: str | None) -> tuple[str, ...]:
        """Return the registered compensations except these, found by name."""
        return tuple(name for name in self.compensations if name not in compensations)


@dataclass(frozen=True, slots=True, kw_only=True)
class SagaState:
    """A saga, immutable; `decide` returns the next one. A saga's own fields go into a subclass.

    Attributes:
        id: The saga's id, which is the `correlation_id` of all its messages.
        definition_version: The version of the declaration that it started with and ends with.
        state: The state it is in.
        attempt: The attempt of the step in `state`, from 1; it never repeats within a state.
        tries: How often the command was sent since the state was entered.
        attempts: The last attempt of each state that was entered.
        compensations: See `Position`.
        ends_in: See `Position`.
        parked: See `Position`.
        deadline_at: When the step in `state` times out; None while no reply is awaited.
        overdue: The deadline passed, the step has no time-out rule, and the outcome is unknown.
    """

    id: str
    definition_version: int
    state: str
    attempt: int = 1
    tries: int = 1
    attempts: Mapping[str, int] = field(default_factory=dict[str, int])
    compensations: tuple[str, ...] = ()
    ends_in: str | None = None
    parked: str | None = None
    deadline_at: datetime | None = None
    overdue: bool = False

    @property
    def position(self) -> Position:
        """Its position in the declaration."""
        return Position(self.state, self.compensations, self.ends_in, self.parked)

    def at_rest(self) -> Self:
        """Return the saga as it is kept in a rest or an end; override to drop what is finished."""
        return self
