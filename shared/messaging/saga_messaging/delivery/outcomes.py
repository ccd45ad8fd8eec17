"""Outcomes that a handler returns for each message. Pure: use cases need nothing else from here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

from saga_schemas import Envelope


@dataclass(frozen=True, slots=True)
class Handled:
    """The message had its effect.

    Attributes:
        effect: What changed, in a few words; recorded in the inbox.
        send: Messages to publish once the effect is committed.
    """

    effect: str
    send: Sequence[Envelope] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """The message had no effect, and becomes a dead letter with this reason.

    A replay of the dead letter is handled as a new message.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """The message needs newer code, and is kept as received for a process that has it.

    Attributes:
        version: The version that can handle it, in the handler's own numbering.
    """

    reason: str
    version: int


@dataclass(frozen=True, slots=True)
class Ignored:
    """The message is valid and concerns nothing of this service.

    It has no effect and leaves nothing but a count and a line in the log.
    """

    reason: str


Outcome: TypeAlias = Handled | Refused | Deferred | Ignored
Outcomes: TypeAlias = Mapping[UUID, Outcome]
"""One outcome for each message, by its `message_id`."""


def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The outcomes of a batch, and a callback to run after its commit."""

    outcomes: Outcomes
    after_commit: Callable[[], None] = field(default=_nothing)
