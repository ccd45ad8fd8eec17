"""Where a position leads: the one function that the interpreter, checks and documents use."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias, assert_never

from saga_schemas.envelope import Envelope

from saga_engine.declaration import Definition, End, Parked, Rest, Step
from saga_engine.rules import Compensate, Either, Move, Next, Rule, TimeoutRule
from saga_engine.state import Position

NO_REPLY = "no answer"
"""The trigger of a transition that a time-out takes, as it stands in names of crash points."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A position that a transition can lead to.

    Attributes:
        condition: Chooses between outcomes by what the saga has kept; None always holds.
    """

    after: Position
    condition: Callable[[Any], bool] | None = None


@dataclass(frozen=True, slots=True)
class OnMessage:
    """The transition that a rule takes. `stays`: nothing but what the saga keeps changes."""

    rule: Rule
    outcomes: tuple[Outcome, ...]
    stays: bool = False

    @property
    def by(self) -> str:
        """The type of the message that takes it."""
        return type_of(self.rule.message)


@dataclass(frozen=True, slots=True)
class OnNoReply:
    """The transition of a step whose last try had no reply in time."""

    rule: TimeoutRule
    outcomes: tuple[Outcome, ...]
    by: str = NO_REPLY
    stays: bool = False


@dataclass(frozen=True, slots=True)
class OnOperator:
    """The transition that an operator requests: a retry, or the resolution as a state."""

    message: type[Envelope]
    outcomes: tuple[Outcome, ...]
    resolution: str | None = None
    stays: bool = False

    @property
    def by(self) -> str:
        """The type of the message that takes it."""
        return type_of(self.message)


Transition: TypeAlias = OnMessage | OnNoReply | OnOperator


class Edge(NamedTuple):
    """One state after another, and the type of the message that leads there, or `NO_REPLY`."""

    start: str
    by: str
    end: str


def type_of(message: type[Envelope]) -> str:
    """Return the message's type, as it is on the wire."""
    return message.model_fields["type"].default


def transitions(definition: Definition, position: Position) -> tuple[Transition, ...]:
    """Return everything that can happen at a position, in the order of the declaration.

    Raises:
        ValueError: A rule leads to a state that the declaration does not have.
    """
    if position not in definition.explored:
        definition.explored[position] = tuple(_transitions(definition, position))
    return definition.explored[position]


def explore(definition: Definition) -> Iterator[tuple[Position, Transition, Position]]:
    """Walk every position that a saga can reach; each transition's outcomes once for each position.

    Raises:
        ValueError: A rule leads to a state that the declaration does not have.
    """
    first = entered(definition, Position(definition.start), definition.start)
    seen, new = {first}, [first]
    while new:
        position = new.pop()
        for transition in transitions(definition, position):
            for outcome in transition.outcomes:
                yield position, transition, outcome.after
                if outcome.after not in seen:
                    seen.add(outcome.after)
                    new.append(outcome.after)


def edges(definition: Definition) -> list[Edge]:
    """Return every way from a state to another, once each, from the start on."""
    found = (
        Edge(before.state, transition.by, after.state)
        for before, transition, after in explore(definition)
        if not transition.stays
    )
    return list(dict.fromkeys(found))


def entered(definition: Definition, position: Position, state: str) -> Position:
    """Return the position once `state` is entered; a step registers its compensation."""
    node = definition.node(state)
    match node:
        case Step():
            compensations = position.compensations
            if node.compensation and node.compensation not in compensations:
                compensations = (*compensations, node.compensation)
            return Position(state, compensations, position.ends_in)
        case Parked():
            return replace(position, state=state, parked=position.parked or position.state)
        case Rest() | End():
            return Position(state, position.compensations)
        case _:
            assert_never(node)


def _transitions(definition: Definition, position: Position) -> Iterator[Transition]:
    node = definition.node(position.state)
    if isinstance(node, Parked):
        assert position.parked  # noqa: S101 - `entered` names the state that was parked
        yield from _on_operator(definition, position, node)
        node = definition.node(position.parked)
    elif isinstance(node, Step) and node.timeout_rule:
        then = node.timeout_rule.then
        yield OnNoReply(node.timeout_rule, tuple(_outcomes(definition, position, then)))
    for rule in node.rules:
        settled = replace(position, compensations=_settled(definition, position, rule))
        outcomes = tuple(_outcomes(definition, settled, rule.then))
        yield OnMessage(rule, outcomes, stays=rule.then is Move.STAY)


def _on_operator(definition: Definition, position: Position, node: Parked) -> Iterator[OnOperator]:
    parked = definition.node(position.parked or "")
    if isinstance(parked, Step):
        retried = entered(definition, position, parked.state)
        yield OnOperator(node.retry, (Outcome(retried),))
    for state in (*node.resolutions, *node.committed):
        resolved = _resolved(definition, position, parked, state)
        yield OnOperator(node.resolve, (Outcome(resolved),), resolution=state)


def _resolved(definition: Definition, position: Position, parked: Any, state: str) -> Position:
    """End a parked saga: the operator answers for the parked step's own compensation only."""
    own = (parked.state, parked.compensation, parked.resolves) if isinstance(parked, Step) else ()
    node = definition.parked
    committed = definition.committed if node and state in node.committed else ()
    compensations = position.without(*own, *committed)
    return _next_compensation(definition, Position(position.state, compensations, ends_in=state))


def _settled(definition: Definition, position: Position, rule: Rule) -> tuple[str, ...]:
    return position.without(rule.settles, *(definition.committed if rule.commits else ()))


def _outcomes(definition: Definition, position: Position, then: Next) -> Iterator[Outcome]:
    match then:
        case str():
            yield Outcome(entered(definition, position, then))
        case Either(condition):
            yield Outcome(entered(definition, position, then.then), condition)
            yield Outcome(entered(definition, position, then.otherwise))
        case Compensate(ends_in):
            yield Outcome(_next_compensation(definition, replace(position, ends_in=ends_in)))
        case Move.NEXT_COMPENSATION:
            done = position.without(position.parked or position.state)
            yield Outcome(_next_compensation(definition, replace(position, compensations=done)))
        case Move.PARK:
            yield Outcome(entered(definition, position, _parked(definition)))
        case Move.STAY:
            yield Outcome(position)
        case _:
            assert_never(then)


def _next_compensation(definition: Definition, position: Position) -> Position:
    """Enter the newest registered compensation, or the end once none is left."""
    if position.compensations:
        return entered(definition, position, position.compensations[-1])
    if position.ends_in is None:
        raise ValueError(f"{position.state}: NEXT_COMPENSATION outside of a compensation")
    return entered(definition, position, position.ends_in)


def _parked(definition: Definition) -> str:
    if definition.parked is None:
        raise ValueError("PARK needs a state that is declared with parked()")
    return definition.parked.state
