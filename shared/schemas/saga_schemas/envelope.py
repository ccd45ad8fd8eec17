"""The envelope of every message: the specification's five fields, and added fields."""

import hashlib
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Self
from uuid import UUID, uuid4, uuid5

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from saga_schemas.values import Identifier, Instant, ShortText

LONGEST_TIMEOUT_SECONDS: Final = 604_800.0
"""One week, the longest that Stripe keeps a hold."""

MESSAGE_NAMESPACE: Final = UUID("6f1c4b1e-8a53-4f0e-9d0c-2b1f6d1a7c55")
"""Namespace of derived ids. Changing it would make every redelivered message a new one."""

RESERVED_VERSION: Final = 8
"""The UUID version of the ids that no sender can choose."""


def derived_message_id(*parts: object) -> UUID:
    """Return an id that depends on the parts alone, so that a repeated message is a duplicate."""
    return uuid5(MESSAGE_NAMESPACE, ":".join(str(part) for part in parts))


def reserved_message_id(*parts: object) -> UUID:
    """Return an id of UUID version 8 that depends on the parts alone.

    The inbox stores no message from Kafka under an id of this version that its sender chose, so
    that nothing from outside can take the place of such an id.
    """
    digest = hashlib.sha256(":".join(str(part) for part in parts).encode()).digest()
    # https://www.rfc-editor.org/rfc/rfc9562#section-5.8 : version in bits 48 to 51, variant in
    # bits 64 and 65.
    number = int.from_bytes(digest[:16]) & ~(0xF << 76) & ~(0x3 << 62)
    return UUID(int=number | RESERVED_VERSION << 76 | 0x2 << 62)


def _now() -> datetime:
    return datetime.now(UTC)


class Envelope(BaseModel):
    """A message. Unknown fields are ignored, so that a newer sender may add fields.

    Attributes:
        correlation_id: The saga's id, and the message's Kafka key.
        timestamp: The time of creation; aware, in UTC.
        message_id: The id by which a receiver detects a duplicate. A message that is received
            without one gets an id derived from its whole content, when it is decoded.
        causation_id: The `message_id` of the message that caused this one.
        version: The version of the payload's schema.
    """

    model_config = ConfigDict(frozen=True, serialize_by_alias=True)

    type: str
    correlation_id: Identifier
    timestamp: Instant = Field(default_factory=_now)
    payload: Any
    source: ShortText
    message_id: UUID = Field(default_factory=uuid4)
    causation_id: UUID | None = None
    version: int = 1

    def caused_by(self, cause: "Envelope") -> Self:
        """Return the message with `cause` as its causation."""
        return self.model_copy(update={"causation_id": cause.message_id})


class Command(Envelope):
    """A message that requests something of a participant, and may have a time-out.

    The time-out counts from when the participant could have received the command. It is a
    duration and not a time, so that it does not run while Kafka is unavailable.

    Attributes:
        timeout_seconds: How long the sender waits for the reply. Once that has passed, the sender
            ignores a reply or undoes its effect. None if a late reply still counts.
    """

    timeout_seconds: Annotated[
        Annotated[float, Field(strict=True, gt=0, le=LONGEST_TIMEOUT_SECONDS)] | None,
        Field(exclude_if=lambda seconds: seconds is None),
    ] = None
    _age_seconds: float = PrivateAttr(0.0)

    def received_at_age(self, seconds: float) -> None:
        """Set how much of the time-out had passed when this process received the command."""
        self._age_seconds = max(0.0, seconds)

    @property
    def remaining_seconds(self) -> float | None:
        """What is left of the time-out at the reception; negative if it has passed."""
        return None if self.timeout_seconds is None else self.timeout_seconds - self._age_seconds
