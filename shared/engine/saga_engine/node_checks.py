"""Checks of each state by itself: its kind, its rules, and the names that they use."""

from collections import Counter
from collections.abc import Iterator
from typing import get_type_hints

from saga_schemas.envelope import Envelope

from saga_engine.declaration import Definition, End, Kind, Node, Parked, Rest, Step
from saga_engine.rules import Compensate, Either, Move, Next, Rule, accept
from saga_engine.transitions import type_of


def node_problems(definition: Definition) -> Iterator[str]:
    """Return what is wrong with the states of a declaration, in words."""
    yield from _pivot(definition)
    yield from _parked(definition)
    yield from _compensations(definition)
    for node in definition.nodes.values():
        yield from _second_rules(node)
        for rule in node.rules:
            yield from _rule(definition, node, rule)
        if isinstance(node, Step):
            yield from _step(definition, node)


def _pivot(definition: Definition) -> Iterator[str]:
    if len(definition.pivots) > 1:
        yield f"more than one pivot: {', '.join(pivot.state for pivot in definition.pivots)}"
    for pivot in definition.pivots:
        for name in sorted(set(pivot.commits) - definition.compensations):
            yield f"{pivot.state}: commits {name}, which compensates no step"


def _parked(definition: Definition) -> Iterator[str]:
    parked = [node for node in definition.nodes.values() if isinstance(node, Parked)]
    if len(parked) > 1:
        yield f"more than one parked state: {', '.join(node.state for node in parked)}"
    for node in parked:
        for state in (*node.resolutions, *node.committed):
            if not isinstance(definition.nodes.get(state), Rest | End):
                yield f"{state}: an operator can resolve a saga into an end or a rest only"
        if node.committed and node.unless is accept:
            yield f"{node.state}: committed needs unless, which knows what was paid"


def _compensations(definition: Definition) -> Iterator[str]:
    used = Counter(step.compensation for step in definition.steps() if step.compensation)
    for name, count in used.items():
        if count > 1:
            yield f"{name}: compensates {count} steps; each step needs a compensation of its own"
        node = definition.nodes.get(name)
        if node is None:
            yield f"state without a node: {name}"
        elif not isinstance(node, Step) or node.kind is not Kind.RETRIABLE:
            yield f"{name}: a compensation must be retriable"
        elif not any(rule.then is Move.NEXT_COMPENSATION for rule in node.rules):
            yield f"{name}: no reply leads to the next compensation"
        elif node.timeout_rule and node.timeout_rule.then is not Move.PARK:
            yield f"{name}: a compensation that times out is parked; its outcome is unknown"


def _step(definition: Definition, node: Step) -> Iterator[str]:
    handled = {rule.message for rule in node.rules}
    yield from _command(definition, node)
    for reply in _replies_of(definition, node):
        if reply not in handled:
            yield f"{node.state}: no rule for {type_of(reply)}, a reply to its command"
    yield from _kind(definition, node)
    yield from _timeout(definition, node)


def _kind(definition: Definition, node: Step) -> Iterator[str]:
    if node.kind is Kind.COMPENSATABLE and not node.compensation:
        yield f"{node.state}: a compensatable step names its compensation; a query has none"
    if node.compensation and node.kind is not Kind.COMPENSATABLE:
        yield f"{node.state}: only a compensatable step has a compensation"
    if node.resolves and node.resolves not in definition.compensations:
        yield f"{node.state}: on_resolve settles {node.resolves}, which compensates no step"
    if node.resolves and node.kind is not Kind.PIVOT:
        yield f"{node.state}: only a pivot has on_resolve; an operator answers for the step's own"


def _timeout(definition: Definition, node: Step) -> Iterator[str]:
    if not node.timeout_rule and not node.may_stay_overdue:
        yield f"{node.state}: say on_timeout, or stays_overdue"
    then = node.timeout_rule.then if node.timeout_rule else Move.PARK
    yield from _target(definition, f"{node.state}, no reply", then)
    if node.kind is Kind.PIVOT and then is not Move.PARK:
        yield f"{node.state}: a pivot that times out is parked; it may have succeeded"


def _rule(definition: Definition, node: Node, rule: Rule) -> Iterator[str]:
    what = f"{node.state}, {type_of(rule.message)}"
    yield from _target(definition, what, rule.then)
    if rule.settles and rule.settles not in definition.compensations:
        yield f"{what}: settles {rule.settles}, which compensates no step"
    if rule.commits:
        yield from _commit(definition, node, rule, what)
    if node.state in definition.compensations:
        yield from _rule_of_compensation(node, rule, what)
    elif rule.then is Move.NEXT_COMPENSATION:
        yield f"{what}: leads to the next compensation, and {node.state} is none"
    if not isinstance(node, Step):
        return
    is_reply = rule.message in _replies_of(definition, node)
    if is_reply and node.compensation and rule.settles not in {None, node.compensation}:
        yield f"{what}: a reply settles its own step's compensation, {node.compensation}"
    if node.kind is Kind.PIVOT and isinstance(rule.then, Compensate) and not is_reply:
        yield f"{what}: only a reply of the pivot can say that it did not succeed"


def _commit(definition: Definition, node: Node, rule: Rule, what: str) -> Iterator[str]:
    pivots = definition.pivots
    if not any(rule.message in _replies_of(definition, pivot) for pivot in pivots):
        yield f"{what}: commits, and is no reply of the pivot"
    if not isinstance(rule.then, str | Either) or node.state in definition.compensations:
        yield f"{what}: commits, and does not lead to a state of success"


def _rule_of_compensation(node: Node, rule: Rule, what: str) -> Iterator[str]:
    if isinstance(rule.then, Move) or rule.then == node.state:
        return
    target = rule.then if isinstance(rule.then, str) else "an end or another state"
    yield f"{what}: a compensation leads to {target} before the others have run"


def _target(definition: Definition, what: str, then: Next) -> Iterator[str]:
    """Check where a rule leads, and that a compensation ends without success."""
    if isinstance(then, Compensate):
        parked = definition.parked
        if not isinstance(definition.nodes.get(then.ends_in), Rest | End):
            yield f"{what}: compensates and ends in {then.ends_in}, which is no end and no rest"
        elif parked and then.ends_in in parked.committed:
            yield f"{what}: compensates and ends in {then.ends_in}, which is a success"


def _second_rules(node: Node) -> Iterator[str]:
    hidden: set[type[Envelope]] = set()
    for rule in node.rules:
        if rule.message in hidden:
            yield f"{node.state}: no {type_of(rule.message)} reaches its second rule"
        if rule.unless is accept:
            hidden.add(rule.message)


def _command(definition: Definition, node: Step) -> Iterator[str]:
    command = get_type_hints(node.command).get("return")
    if not (isinstance(command, type) and issubclass(command, Envelope)):
        yield f"{node.state}: its command needs a return annotation, the class of its message"
    elif command not in definition.replies:
        yield f"{node.state}: the replies of {command.__name__} are not declared"


def _replies_of(definition: Definition, node: Step) -> tuple[type[Envelope], ...]:
    """Return the replies of a step's command; none if they are not declared."""
    return definition.replies.get(get_type_hints(node.command).get("return", Envelope), ())
