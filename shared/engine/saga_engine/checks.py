"""What every declaration has to fulfil, so that no compensation is lost and no saga is stuck."""

from collections.abc import Iterator
from typing import get_type_hints

from saga_schemas.envelope import Envelope

from saga_engine.declaration import Definition, End, Kind, Node, Rest, Step
from saga_engine.rules import Move, Rule, accept
from saga_engine.transitions import (
    Edge,
    OnMessage,
    OnNoReply,
    OnOperator,
    Transition,
    edges,
    explore,
    type_of,
)


def checked(definition: Definition) -> Definition:
    """Return the declaration once it is checked.

    Raises:
        ValueError: A compensation could be lost, or a saga get stuck; the message names the states.
    """
    for problem in problems(definition):
        raise ValueError(f"version {definition.version}: {problem}")
    return definition


def problems(definition: Definition) -> Iterator[str]:
    """Return what is wrong with a declaration, in words; nothing if it can be run."""
    yield from _words(definition)
    try:
        ways = edges(definition)
    except ValueError as error:
        yield str(error)
        return
    yield from _reachability(definition, ways)
    yield from _left_registered(definition)
    yield from _resolutions(definition)
    for node in definition.nodes.values():
        yield from _rules(node)
        if isinstance(node, Step):
            yield from _step(definition, node)


def _words(definition: Definition) -> Iterator[str]:
    """Check that names name something, before anything is followed."""
    if len(definition.pivots) > 1:
        states = ", ".join(pivot.state for pivot in definition.pivots)
        yield f"more than one pivot: {states}"
    known = definition.compensations
    for pivot in definition.pivots:
        for name in set(pivot.commits) - known:
            yield f"{pivot.state}: commits {name}, which compensates no step"
    for node in definition.nodes.values():
        for rule in node.rules:
            yield from _rule_words(definition, node, rule)
    for name in known:
        yield from _compensation(definition, name)


def _rule_words(definition: Definition, node: Node, rule: Rule) -> Iterator[str]:
    what = f"{node.state}, {type_of(rule.message)}"
    if rule.settles and rule.settles not in definition.compensations:
        yield f"{what}: settles {rule.settles}, which compensates no step"
    if rule.commits and not _answers_the_pivot(definition, rule):
        yield f"{what}: commits, and is no reply of the pivot"
    if rule.then is Move.NEXT_COMPENSATION and node.state not in definition.compensations:
        yield f"{what}: leads to the next compensation, and {node.state} is none"
    forward = isinstance(rule.then, str) and rule.then != node.state
    if forward and node.state in definition.compensations:
        yield f"{what}: a compensation leads to {rule.then} before the others have run"


def _answers_the_pivot(definition: Definition, rule: Rule) -> bool:
    commands = [_command_of(pivot) for pivot in definition.pivots]
    return any(rule.message in definition.replies[command] for command in commands)


def _compensation(definition: Definition, name: str) -> Iterator[str]:
    node = definition.nodes.get(name)
    if node is None:
        yield f"state without a node: {name}"
    elif not isinstance(node, Step) or node.kind is not Kind.RETRIABLE:
        yield f"{name}: a compensation must be retriable"
    elif not any(rule.then is Move.NEXT_COMPENSATION for rule in node.rules):
        yield f"{name}: no reply leads to the next compensation"


def _reachability(definition: Definition, ways: list[Edge]) -> Iterator[str]:
    nodes = definition.nodes
    reached = {state: _reachable(state, ways) for state in nodes}
    if unreachable := set(nodes) - reached[definition.start]:
        yield f"unreachable states: {_names(unreachable)}"
    ends = {state for state, node in nodes.items() if _is_an_end(node)}
    if stuck := {state for state in nodes if not ({state} | reached[state]) & ends}:
        yield f"states that lead to no end: {_names(stuck)}"
    for pivot in definition.pivots:
        if later := {state for state in reached[pivot.state] if _compensatable(nodes[state])}:
            yield f"{_names(later)}: a compensatable step after the pivot {pivot.state}"


def _left_registered(definition: Definition) -> Iterator[str]:
    """Check that no end, and no commit, is reached with a compensation that never runs."""
    found = {
        f"{transition.by} leads from {before.state} to {after.state}"
        f" with {', '.join(after.compensations)} still registered"
        for before, transition, after in explore(definition)
        if after.compensations
        if _is_an_end(definition.nodes[after.state]) or _commits(definition, transition)
    }
    yield from sorted(found)


def _commits(definition: Definition, transition: Transition) -> bool:
    match transition:
        case OnMessage(rule):
            return rule.commits
        case OnOperator(resolution=state):
            return bool(definition.parked and state in definition.parked.committed)
        case OnNoReply():
            return False


def _resolutions(definition: Definition) -> Iterator[str]:
    parked = definition.parked
    for state in (*parked.resolutions, *parked.committed) if parked else ():
        if not isinstance(definition.nodes[state], Rest | End):
            yield f"{state}: an operator can resolve a saga into an end or a rest only"


def _rules(node: Node) -> Iterator[str]:
    hidden: set[type[Envelope]] = set()
    for rule in node.rules:
        if rule.message in hidden:
            yield f"{node.state}: no {type_of(rule.message)} reaches its second rule"
        if rule.unless is accept:
            hidden.add(rule.message)


def _step(definition: Definition, node: Step) -> Iterator[str]:
    handled = {rule.message for rule in node.rules}
    for reply in definition.replies[_command_of(node)]:
        if reply not in handled:
            yield f"{node.state}: no rule for {type_of(reply)}, a reply to its command"
    if node.kind is Kind.COMPENSATABLE and not node.compensation:
        yield f"{node.state}: a compensatable step names its compensation; a query has none"
    if node.compensation and node.kind is not Kind.COMPENSATABLE:
        yield f"{node.state}: only a compensatable step has a compensation"
    if node.resolves and node.resolves not in definition.compensations:
        yield f"{node.state}: on_resolve settles {node.resolves}, which compensates no step"


def _command_of(node: Step) -> type[Envelope]:
    return get_type_hints(node.command)["return"]


def _is_an_end(node: Node) -> bool:
    """Return whether a saga may stay there: an end, or a rest that no message leaves."""
    return isinstance(node, End) or (isinstance(node, Rest) and not node.rules)


def _compensatable(node: Node) -> bool:
    return isinstance(node, Step) and node.kind is Kind.COMPENSATABLE


def _names(states: set[str]) -> str:
    return ", ".join(sorted(states))


def _reachable(start: str, ways: list[Edge]) -> set[str]:
    found, new = set[str](), {start}
    while new:
        found |= new
        new = {way.end for way in ways if way.start in new} - found
    return found
