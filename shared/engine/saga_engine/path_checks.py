"""Checks of every position that a saga can reach: nothing is left registered, nothing is stuck."""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from saga_engine.declaration import Definition, End, Kind, Node, Rest, Step
from saga_engine.rules import Compensate
from saga_engine.state import Position
from saga_engine.transitions import OnMessage, OnNoReply, OnOperator, Transition, explore

Way: TypeAlias = tuple[Position, Transition, Position]


def path_problems(definition: Definition) -> Iterator[str]:
    """Return what is wrong with the ways through a declaration, in words.

    Raises:
        ValueError: A rule leads nowhere; the message names the state.
    """
    ways = list(explore(definition))
    reached = {definition.start, *(after.state for _, _, after in ways)}
    if unreachable := set(definition.nodes) - reached:
        yield f"unreachable states: {_names(unreachable)}"
    yield from _stuck(definition, ways)
    yield from sorted(set(_left_registered(definition, ways)))
    yield from sorted(set(_entered_again(definition, ways)))
    yield from sorted(set(_after_the_commit(definition, ways)))


def _stuck(definition: Definition, ways: list[Way]) -> Iterator[str]:
    """Name the positions from which no end can be reached."""
    all_of_them = {position for before, _, after in ways for position in (before, after)}
    ends = {position for position in all_of_them if _is_an_end(definition.nodes[position.state])}
    leads_to_an_end = _reachable(ends, [(after, by, before) for before, by, after in ways])
    if stuck := all_of_them - leads_to_an_end:
        yield f"states that lead to no end: {_names({_name(position) for position in stuck})}"


def _left_registered(definition: Definition, ways: list[Way]) -> Iterator[str]:
    for before, transition, after in ways:
        final = _is_an_end(definition.nodes[after.state]) or _commits(definition, transition)
        if after.compensations and final:
            left = ", ".join(after.compensations)
            yield f"{_way(before, transition, after)} with {left} still registered"


def _entered_again(definition: Definition, ways: list[Way]) -> Iterator[str]:
    """Name the steps that could happen twice and be compensated once."""
    for before, transition, after in ways:
        node = definition.nodes[after.state]
        again = isinstance(node, Step) and node.compensation in before.compensations
        if again and after.state not in {before.state, before.parked}:
            yield f"{_way(before, transition, after)}, whose compensation is still registered"


def _after_the_commit(definition: Definition, ways: list[Way]) -> Iterator[str]:
    """Name what must not happen once the pivot succeeded."""
    commits = {after for _, transition, after in ways if _commits(definition, transition)}
    committed = _reachable(commits, ways)
    for position in committed:
        if _is_compensatable(definition.nodes[position.state]):
            yield f"{position.state}: a compensatable step after the commit"
    for before, transition, after in ways:
        rule = None if isinstance(transition, OnOperator) else transition.rule
        if before in committed and rule and isinstance(rule.then, Compensate):
            yield f"{_way(before, transition, after)}: compensates after the commit"


def _reachable(starts: set[Position], ways: list[Way]) -> set[Position]:
    """Return the positions that these ways lead to, and the starts."""
    found, new = set[Position](), starts
    while new:
        found |= new
        new = {after for before, _, after in ways if before in new} - found
    return found


def _commits(definition: Definition, transition: Transition) -> bool:
    match transition:
        case OnMessage(rule):
            return rule.commits
        case OnOperator(resolution=state):
            return bool(definition.parked and state in definition.parked.committed)
        case OnNoReply():
            return False


def _is_an_end(node: Node) -> bool:
    """Return whether a saga may stay there: an end, or a rest that no message leaves."""
    return isinstance(node, End) or (isinstance(node, Rest) and not node.rules)


def _is_compensatable(node: Node) -> bool:
    return isinstance(node, Step) and node.kind is Kind.COMPENSATABLE


def _way(before: Position, transition: Transition, after: Position) -> str:
    return f"{transition.by} leads from {before.state} to {after.state}"


def _name(position: Position) -> str:
    return f"{position.state} (parked: {position.parked})" if position.parked else position.state


def _names(states: Iterable[str]) -> str:
    return ", ".join(sorted(states))
