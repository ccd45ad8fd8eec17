"""The words that a saga is declared with.

    saga(1, REPLIES,
        step(S.RESERVING, commands.reserve, times.reserving)
        .compensated_by(S.RELEASING)
        .on(Reserved, keep.reservation, S.PAYING)
        .on(SoldOut, keep.failure, compensate(S.REJECTED), settles=S.RELEASING)
        .on_timeout(keep.time_out, compensate(S.REJECTED)),
        ...)

A step sends a command and waits for its reply; a rest waits for a request; an end is final.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar, Unpack

from saga_schemas.envelope import Envelope

from saga_engine.checks import checked
from saga_engine.declaration import Definition, End, Kind, Node, Parked, Replies, Rest, Step
from saga_engine.rules import Compensate, Either, Move, Next, Rule, RuleOptions, Timeout, accept

M = TypeVar("M", bound=Envelope)
S = TypeVar("S")
Command: TypeAlias = Callable[[Any], Envelope]
Event: TypeAlias = Callable[[Any], Envelope]

NEXT_COMPENSATION: Final = Move.NEXT_COMPENSATION
"""This compensation is done: the next one runs, or the saga ends."""
PARK: Final = Move.PARK
"""An operator has to retry or resolve the step."""
STAY: Final = Move.STAY
"""Nothing but what the saga keeps changes."""

compensate = Compensate
either = Either


def saga(version: int, replies: Replies, *nodes: Node, started_by: str = "start") -> Definition:
    """Declare a saga that starts in its first node.

    Args:
        version: The number that each saga keeps of the declaration that it started with.
        replies: The replies that each command can have.
        nodes: The states, each once.
        started_by: The type of the message that starts the saga, as it is on the wire.

    Raises:
        ValueError: It could lose a compensation or get stuck; the message names the states.
    """
    by_state = {node.state: node for node in nodes}
    if len(by_state) < max(len(nodes), 1):
        states = [node.state for node in nodes]
        twice = sorted({state for state in states if states.count(state) > 1})
        raise ValueError(f"version {version}: declared twice, or nothing: {', '.join(twice)}")
    return checked(Definition(version, nodes[0].state, by_state, replies, started_by))


def earlier(
    later: Definition,
    version: int,
    states: Iterable[str],
    *,
    without: Iterable[type[Envelope]] = (),
    changes: Mapping[str, Mapping[str, Any]] | None = None,
) -> Definition:
    """Declare an earlier version by what differs from a later one.

    Args:
        later: The later version.
        version: The number of the earlier one.
        states: The states that it had. Rules that lead elsewhere, and compensations that are not
            among them, are left out.
        without: Messages that it had no rule for.
        changes: Fields of its nodes that were different, by state.

    Raises:
        ValueError: See `saga`.
    """
    part = _Part(later, frozenset(states), frozenset(without))
    nodes = (
        replace(part.of(node), **(changes or {}).get(node.state, {}))
        for node in later.nodes.values()
        if node.state in part.states
    )
    by_state = {node.state: node for node in nodes}
    start = next(iter(by_state))
    return checked(Definition(version, start, by_state, later.replies, later.started_by))


def on(
    message: type[M], keep: Callable[[S, M], S], then: Next, **options: Unpack[RuleOptions]
) -> Rule:
    """Return a rule for `with_rules`: when this message arrives. See `Rule` for the options."""
    return Rule(message, keep, then, **options)


def _step(kind: Kind, state: str, command: Command, timeout: Timeout) -> Step:
    return Step(state=state, kind=kind, command=command, timeout=timeout)


query = partial(_step, Kind.QUERY)
"""A step that changes nothing elsewhere, so it has no compensation."""
step = partial(_step, Kind.COMPENSATABLE)
"""A step that names its compensation with `compensated_by`."""
retriable = partial(_step, Kind.RETRIABLE)
"""A step that is tried until it succeeds or is parked; every compensation is one."""


def pivot(state: str, command: Command, timeout: Timeout, *, commits: Iterable[str]) -> Step:
    """Return the step that decides: once it succeeded, `commits` are not compensated any more."""
    return replace(_step(Kind.PIVOT, state, command, timeout), commits=tuple(commits))


def rest(state: str, announce: Event) -> Rest:
    """Return a state that publishes its event and waits for a request."""
    return Rest(state=state, announce=announce)


def end(state: str, announce: Event) -> End:
    """Return a final state that publishes its event."""
    return End(state=state, announce=announce)


def parked(  # noqa: PLR0913 - each by its name
    state: str,
    announce: Event,
    keep: Callable[[Any, Any], Any],
    *,
    resolutions: Iterable[str],
    committed: Iterable[str] = (),
    unless: Callable[[Any, Any], str | None] = accept,
) -> Parked:
    """Return the state in which a saga waits for an operator; see `Parked`."""
    return Parked(
        state=state,
        announce=announce,
        keep=keep,
        resolutions=tuple(resolutions),
        committed=tuple(committed),
        unless=unless,
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """The part of a declaration that has these states, and no rule for these messages."""

    whole: Definition
    states: frozenset[str]
    without: frozenset[type[Envelope]]

    def of(self, node: Node) -> Node:
        if isinstance(node, Parked):
            return node
        if isinstance(node, Step):
            commits = tuple(name for name in node.commits if name in self.states)
            node = replace(node, commits=commits)
        rules = tuple(
            replace(rule, settles=rule.settles if rule.settles in self.states else None)
            for rule in node.rules
            if rule.message not in self.without and self._has(rule.then)
        )
        if not isinstance(node, Step) or not node.compensation or node.compensation in self.states:
            return replace(node, rules=rules)
        return replace(node, rules=rules, kind=Kind.RETRIABLE, compensation=None)

    def _has(self, then: Next) -> bool:
        match then:
            case str():
                return then in self.states
            case Compensate(ends_in):
                return ends_in in self.states
            case Either():
                return {then.then, then.otherwise} <= self.states
            case Move():
                parked = self.whole.parked
                return then is not PARK or (parked is not None and parked.state in self.states)
