"""Rules: when a message arrives, or a reply does not, what a saga keeps and where it goes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any, TypeAlias, TypedDict

from saga_schemas.envelope import LONGEST_TIMEOUT_SECONDS, Envelope

LONGEST_WAIT_SECONDS = LONGEST_TIMEOUT_SECONDS
"""One week: the upper bound of a wait, whatever the back-off."""


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
        try:
            wait = self.seconds * self.back_off ** (number - 1)
        except OverflowError:
            wait = LONGEST_WAIT_SECONDS
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
