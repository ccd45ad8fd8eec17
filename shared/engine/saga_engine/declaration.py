"""The data that a declaration consists of: states, their rules, and where each rule leads.

`words` builds it; nothing here decides anything.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypedDict, TypeVar, Unpack

from saga_schemas.envelope import Envelope

from saga_engine.messages import ResolveRequested, RetryRequested

if TYPE_CHECKING:
    from saga_engine.state import Position
    from saga_engine.transitions import Transition

LONGEST_WAIT_SECONDS = 604_800.0
"""One week: the upper bound of a wait, whatever the back-off."""

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


@dataclass(frozen=True, slots=True)
class Timeout:
    """How long a step waits for a reply, and how often its command is sent.

    Attributes:
        seconds: The wait of the first try; at most one week.
        tries: How often the command is sent before the step times out.
        back_off: The factor by which each wait is longer than the one before.
    """

    seconds: float
    tries: int = 1
    back_off: float = 1.0

    def of_try(self, number: int) -> timedelta:
        """Return the wait of a try, counted from 1; at most `LONGEST_WAIT_SECONDS`."""
        wait = self.seconds * self.back_off ** (number - 1)
        return timedelta(seconds=min(wait, LONGEST_WAIT_SECONDS))


@dataclass(frozen=True, slots=True)
class Compensate:
    """Run every registered compensation, the newest first, then end in `ends_in`."""

    ends_in: str


@dataclass(frozen=True, slots=True)
class Either:
    """One of two states, chosen by what the saga has kept."""

    condition: Callable[[Any], bool]
    then: str
    otherwise: str


class Move(Enum):
    """A move whose target depends on the saga's position."""

    NEXT_COMPENSATION = "next compensation"
    STAY = "stay"
    PARK = "park"


Next: TypeAlias = str | Compensate | Either | Move


def accept(_: Any, __: Any) -> str | None:
    """Refuse no message: the guard of a rule without `unless`."""
    return None


class RuleOptions(TypedDict, total=False):
    """What `on` takes by name; see `Rule`."""

    unless: Callable[[Any, Any], str | None]
    settles: str | None
    commits: bool
    publish: bool | Callable[[Any], Envelope]
    any_attempt: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """When a message arrives: what the saga keeps of it, and where it goes.

    Attributes:
        message: The class of the message.
        keep: Returns the saga with what it keeps of the message.
        then: Where the saga goes.
        unless: Returns why a message is refused, or None. The next rule for the same message is
            tried; without one, the message is ignored, and the history says why.
        settles: The one compensation that the message makes needless, by name.
        commits: The message says that the pivot succeeded: what the pivot commits is not
            compensated any more.
        publish: False publishes nothing; a function publishes its event besides the one of the
            next state.
        any_attempt: The message counts whichever attempt it answers. By default a reply counts
            for the attempt in flight only.
    """

    message: type[Envelope]
    keep: Callable[[Any, Any], Any]
    then: Next
    unless: Callable[[Any, Any], str | None] = accept
    settles: str | None = None
    commits: bool = False
    publish: bool | Callable[[Any], Envelope] = True
    any_attempt: bool = False


@dataclass(frozen=True, slots=True)
class TimeoutRule:
    """When the last try had no reply in time: what the saga keeps, and where it goes."""

    keep: Callable[[Any], Any]
    then: Next


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
        resolves: The compensation that an operator answers for who resolves this step; by default
            the step's own.
        timeout_rule: None leaves the saga in the state, overdue, and a late reply still counts.
    """

    kind: Kind
    command: Callable[[Any], Envelope]
    timeout: Timeout
    timeout_rule: TimeoutRule | None = None
    compensation: str | None = None
    commits: tuple[str, ...] = ()
    resolves: str | None = None

    def compensated_by(self, state: str) -> Self:
        """Name the state that compensates this step."""
        return replace(self, compensation=state)

    def on_timeout(self, keep: Callable[[S], S], then: Next) -> Self:
        """Add the rule for a step whose last try had no reply in time."""
        return replace(self, timeout_rule=TimeoutRule(keep, then))

    def on_resolve(self, *, settles: str) -> Self:
        """Name the compensation that an operator answers for who resolves this step."""
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
    """A declared saga: one node for each of its states. `words.saga` builds and checks it."""

    version: int
    start: str
    nodes: Mapping[str, Node]
    replies: Replies
    explored: dict["Position", tuple["Transition", ...]] = field(
        default_factory=dict["Position", tuple["Transition", ...]], init=False, repr=False
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
