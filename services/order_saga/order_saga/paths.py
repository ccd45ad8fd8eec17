"""Every way that a declaration allows: which states follow which, and what leads there.

Explored from the declaration alone, with the undo steps that are registered on the way, so that
diagrams, tables, crash points and coverage come from what the interpreter does with it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, assert_never

from saga_schemas import Envelope

from order_saga.definition import (
    Compensate,
    Definition,
    Either,
    Move,
    Next,
    Node,
    Parked,
    Step,
    rules,
)
from order_saga.domain import State

NO_ANSWER = "no answer"


class Edge(NamedTuple):
    """A way from one state to another, and the message, or the silence, that leads there."""

    start: State
    by: str
    end: State


@dataclass(frozen=True, slots=True)
class Place:
    """Where a saga can be: its state, and what decides where it goes from there."""

    state: State
    undo: tuple[State, ...] = ()
    goal: State | None = None
    parked: State | None = None


def edges(definition: Definition) -> list[Edge]:
    """Every way from a state to another that a saga can take, once each, from the start on."""
    found = (Edge(before.state, by, after.state) for before, by, after in moves(definition))
    return list(dict.fromkeys(found))


def moves(definition: Definition) -> Iterator[tuple[Place, str, Place]]:
    """Likewise, with what was registered to be undone before and after."""
    first = _enter(definition, Place(definition.start), definition.start)
    seen, new = {first}, [first]
    while new:
        place = new.pop()
        for by, after in _ways(definition, place):
            yield place, by, after
            if after not in seen:
                seen.add(after)
                new.append(after)


def type_of(message: type[Envelope]) -> str:
    """The message's type, as it stands on the wire."""
    return message.model_fields["type"].default


def _ways(definition: Definition, place: Place) -> Iterator[tuple[str, Place]]:
    node = _node(definition, place.state)
    if isinstance(node, Parked):
        assert place.parked  # noqa: S101 - `Move.PARK` has named it
        if isinstance(_node(definition, place.parked), Step):
            yield type_of(node.retry), _enter(definition, place, place.parked)
        for state in node.resolutions:
            yield type_of(node.resolve), Place(state)
        node = _node(definition, place.parked)
    elif isinstance(node, Step) and node.on_timeout:
        for after in _go(definition, place, node.on_timeout.then):
            yield NO_ANSWER, after
    for rule in rules(node):
        settled = rule.message in definition.settled_by
        before = replace(place, undo=()) if settled else place
        for after in _go(definition, before, rule.then):
            yield type_of(rule.message), after


def _go(definition: Definition, place: Place, then: Next) -> Iterator[Place]:
    match then:
        case State():
            yield _enter(definition, place, then)
        case Either():
            yield _enter(definition, place, then.then)
            yield _enter(definition, place, then.otherwise)
        case Compensate():
            undo = place.undo[:-1] if then.in_vain else place.undo
            yield _undo(definition, replace(place, undo=undo, goal=then.goal))
        case Move.UNDONE:
            yield _undo(definition, replace(place, undo=place.undo[:-1]))
        case Move.PARK:
            parked = place.parked or place.state
            yield replace(place, state=State.NEEDS_ATTENTION, parked=parked)
        case Move.STAY:
            return
        case _:
            assert_never(then)


def _undo(definition: Definition, place: Place) -> Place:
    if place.undo:
        return _enter(definition, place, place.undo[-1])
    assert place.goal  # noqa: S101 - `Compensate` has named it
    return _enter(definition, replace(place, goal=None), place.goal)


def _enter(definition: Definition, place: Place, state: State) -> Place:
    node = _node(definition, state)
    undo = place.undo
    if isinstance(node, Step) and node.undo and node.undo not in undo:
        undo = (*undo, node.undo)
    return Place(state, undo, place.goal)


def _node(definition: Definition, state: State) -> Node:
    if state not in definition.nodes:
        raise ValueError(f"a state without a node: {state}")
    return definition.nodes[state]
