"""What every declaration must fulfil, so that no money is lost and no saga is stuck."""

from collections.abc import Iterator
from typing import get_type_hints

from saga_schemas import Envelope
from saga_schemas.replies import REPLIES

from order_saga.definition import Definition, End, Kind, Node, Rest, Step, nothing_wrong, rules
from order_saga.domain import State
from order_saga.paths import Edge, edges, moves, type_of


def sound(definition: Definition) -> Definition:
    """The declaration, once it was checked.

    Raises:
        ValueError: Money could be lost, or a saga stuck; the message names the states.
    """
    for complaint in complaints(definition):
        raise ValueError(complaint)
    return definition


def complaints(definition: Definition) -> Iterator[str]:
    """What is wrong with a declaration, in words."""
    nodes = definition.nodes
    try:
        ways = edges(definition)
    except ValueError as error:
        yield str(error)
        return
    reached = {state: _reachable(state, ways) for state in nodes}
    if lost := set(nodes) - reached[definition.start]:
        yield f"states that nothing leads to: {_names(lost)}"
    ends = {state for state, node in nodes.items() if _is_an_end(node)}
    if stuck := {state for state in nodes if not ({state} | reached[state]) & ends}:
        yield f"states that lead to no end: {_names(stuck)}"
    yield from _left_undone(definition)
    for state, node in nodes.items():
        yield from _complaints_of(state, node)
        later = {after for after in reached[state] if _compensatable(nodes[after])}
        if later and isinstance(node, Step) and node.kind is Kind.PIVOT:
            yield f"{_names(later)} can follow the pivot {state}, and would have to be undone"


def _complaints_of(state: State, node: Node) -> Iterator[str]:
    hidden: set[type[Envelope]] = set()
    for rule in rules(node):
        if rule.message in hidden:
            yield f"{state}: no {type_of(rule.message)} reaches its second rule"
        if rule.unless is nothing_wrong:
            hidden.add(rule.message)
    if isinstance(node, Step):
        yield from _complaints_of_step(state, node)


def _complaints_of_step(state: State, node: Step) -> Iterator[str]:
    heard = {rule.message for rule in node.on}
    command = get_type_hints(node.command)["return"]
    for reply in REPLIES[command]:
        if reply not in heard:
            yield f"{state}: nothing is said of {type_of(reply)}, which may answer its command"
    if _compensatable(node) and bool(node.undo) is node.nothing_to_undo:
        yield f"{state}: a compensatable step names its undo, or that there is nothing to undo"
    if node.undo and not _compensatable(node):
        yield f"{state}: only a compensatable step has an undo"


def _left_undone(definition: Definition) -> Iterator[str]:
    found = {
        f"{by} leads from {before.state} to {after.state}, and {after.undo[-1]} is left undone"
        for before, by, after in moves(definition)
        if isinstance(definition.nodes[after.state], End) and after.undo
    }
    yield from sorted(found)


def _is_an_end(node: Node) -> bool:
    """Whether a saga may stay there for ever; version 1 rests at the hold, and waits no more."""
    return isinstance(node, End) or (isinstance(node, Rest) and not node.on)


def _names(states: set[State]) -> str:
    return ", ".join(sorted(states))


def _compensatable(node: Node) -> bool:
    return isinstance(node, Step) and node.kind is Kind.COMPENSATABLE


def _reachable(start: State, ways: list[Edge]) -> set[State]:
    found, new = set[State](), {start}
    while new:
        found |= new
        new = {way.end for way in ways if way.start in new} - found
    return found
