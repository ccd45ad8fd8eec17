"""The data that a declaration consists of: a node for each state, with its rules.

`words` builds it; nothing here decides anything.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Self, TypeAlias, TypeVar, Unpack

from saga_schemas.envelope import Envelope

from saga_engine.messages import ResolveRequested, RetryRequested
from saga_engine.rules import Next, Rule, RuleOptions, Timeout, TimeoutRule, accept
from saga_engine.state import Position

M = TypeVar("M", bound=Envelope)
S = TypeVar("S")

Replies: TypeAlias = Mapping[type[Envelope], tuple[type[Envelope], ...]]
"""The replies that each command can have: a closed set."""


class Kind(StrEnum):
    """The kind of a step.

    A query changes nothing. A compensatable step names its compensation. The pivot commits:
    nothing before it is compensated once it succeeded. A retriable step is tried until it
    succeeds or an operator takes over; a compensation is one.
    """

    QUERY = "query"
    COMPENSATABLE = "compensatable"
    PIVOT = "pivot"
    RETRIABLE = "retriable"


@dataclass(frozen=True, slots=True, kw_only=True)
class _WithRules:
    state: str
    rules: tuple[Rule, ...] = ()

    def on(
        self,
        message: type[M],
        keep: Callable[[S, M], S],
        then: Next,
        **options: Unpack[RuleOptions],
    ) -> Self:
        """Add the rule for a message; see `Rule` for the options."""
        return self.with_rules(Rule(message, keep, then, **options))

    def with_rules(self, *rules: Rule) -> Self:
        """Add rules that several states share."""
        return replace(self, rules=(*self.rules, *rules))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(_WithRules):
    """A state in which the saga has sent a command and waits for one of its replies.

    Attributes:
        compensation: The state that compensates this step, also if the step's outcome is unknown.
            It is registered before the command is sent.
        commits: The compensations that the pivot makes needless once it succeeded.
        resolves: The compensation that an operator answers for who resolves this pivot. For any
            other step it is the step's own.
        timeout_rule: None leaves the saga in the state, overdue, and a late reply still counts.
        may_stay_overdue: The step is meant to have no time-out rule.
    """

    kind: Kind
    command: Callable[[Any], Envelope]
    timeout: Timeout
    timeout_rule: TimeoutRule | None = None
    compensation: str | None = None
    commits: tuple[str, ...] = ()
    resolves: str | None = None
    may_stay_overdue: bool = False

    def compensated_by(self, state: str) -> Self:
        """Name the state that compensates this step."""
        return replace(self, compensation=state)

    def on_timeout(self, keep: Callable[[S], S], then: Next) -> Self:
        """Add the rule for a step whose last try had no reply in time."""
        return replace(self, timeout_rule=TimeoutRule(keep, then))

    def stays_overdue(self) -> Self:
        """Wait for a reply without a limit: once the last try timed out, the saga is overdue."""
        return replace(self, timeout_rule=None, may_stay_overdue=True)

    def on_resolve(self, *, settles: str) -> Self:
        """Name the compensation that an operator answers for who resolves this pivot."""
        return replace(self, resolves=settles)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest(_WithRules):
    """A state in which nothing is in flight; a request or an event moves the saga on."""

    announce: Callable[[Any], Envelope]


@dataclass(frozen=True, slots=True, kw_only=True)
class End(_WithRules):
    """A final state: no request is accepted, and only events that need no request still count."""

    announce: Callable[[Any], Envelope]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """The state in which a saga waits for an operator; late replies to its step still count.

    Attributes:
        resolutions: The states in which an operator can end the saga without success; what is
            still registered is compensated first.
        committed: The states in which an operator can end it because the pivot succeeded.
    """

    state: str
    announce: Callable[[Any], Envelope]
    keep: Callable[[Any, Any], Any]
    resolutions: tuple[str, ...]
    committed: tuple[str, ...] = ()
    unless: Callable[[Any, Any], str | None] = accept
    retry: type[Envelope] = RetryRequested
    resolve: type[Envelope] = ResolveRequested

    @property
    def rules(self) -> tuple[Rule, ...]:
        """No rules of its own: the rules of the parked step apply."""
        return ()


Node: TypeAlias = Step | Rest | Parked | End


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """A declared saga: one node for each of its states. `words.saga` builds and checks it.

    Attributes:
        replies: The replies that each command can have.
        started_by: The type of the message that starts the saga, as it is on the wire.
        explored: The transitions of each position that `transitions` was asked for.
    """

    version: int
    start: str
    nodes: Mapping[str, Node]
    replies: Replies
    started_by: str = "start"
    explored: dict[Position, tuple[Any, ...]] = field(
        default_factory=dict[Position, tuple[Any, ...]], init=False, repr=False
    )

    def node(self, state: str) -> Node:
        """Return the node of a state.

        Raises:
            ValueError: The declaration has no such state.
        """
        if state not in self.nodes:
            raise ValueError(f"state without a node: {state}")
        return self.nodes[state]

    @property
    def pivots(self) -> tuple[Step, ...]:
        """The pivot; a checked declaration has at most one."""
        return tuple(node for node in self.steps() if node.kind is Kind.PIVOT)

    @property
    def committed(self) -> tuple[str, ...]:
        """The compensations that the pivot makes needless."""
        return tuple(name for pivot in self.pivots for name in pivot.commits)

    @property
    def compensations(self) -> frozenset[str]:
        """The states that compensate a step."""
        return frozenset(node.compensation for node in self.steps() if node.compensation)

    @property
    def parked(self) -> Parked | None:
        """The state in which a saga waits for an operator."""
        return next((node for node in self.nodes.values() if isinstance(node, Parked)), None)

    def steps(self) -> Iterator[Step]:
        """Return the steps, in the order of the declaration."""
        return (node for node in self.nodes.values() if isinstance(node, Step))
