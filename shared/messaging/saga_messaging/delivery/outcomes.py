"""What a handler says of each message. Pure: handlers need no more of this package than this."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

from saga_schemas import Envelope


@dataclass(frozen=True, slots=True)
class Handled:
    """The message had its effect: what it did, in a few words, and what is to be sent."""

    effect: str
    send: Sequence[Envelope] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """The message cannot be handled as things are; it becomes a dead letter with this reason.

    Nothing of it is done; it is handled anew if its dead letter is replayed.
    """

    reason: str


Outcomes: TypeAlias = Mapping[UUID, Handled | Refused]
"""One outcome for each message, by its `message_id`."""


def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class BatchResult:
    """One outcome a message, and what is to happen once the batch is committed."""

    outcomes: Outcomes
    after_commit: Callable[[], None] = field(default=_nothing)
