"""The envelope of every message: the specification's five fields, and three of ours."""

from datetime import UTC, datetime
from typing import Any, Final, Self
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field

from saga_schemas.values import Identifier, Instant, ShortText

MESSAGE_NAMESPACE: Final = UUID("6f1c4b1e-8a53-4f0e-9d0c-2b1f6d1a7c55")


def derived_message_id(*parts: object) -> UUID:
    """The same parts always give the same id, so that a message made twice is one message."""
    return uuid5(MESSAGE_NAMESPACE, ":".join(str(part) for part in parts))


def _message_id_of_a_bare_message(data: dict[str, Any]) -> UUID:
    return derived_message_id(data.get("correlation_id"), data.get("type"))


def _now() -> datetime:
    return datetime.now(UTC)


class Envelope(BaseModel):
    """A message. Unknown fields are ignored, so that a newer sender can be understood.

    Attributes:
        correlation_id: The saga's id, and the message's Kafka key.
        timestamp: When the message was made; aware.
        message_id: What a receiver recognizes a duplicate by. A message that lacks it (one that
            carries the specification's fields only) gets an id derived from `correlation_id` and
            `type`.
        causation_id: The `message_id` that led to this message.
        version: Of the payload's schema.
    """

    model_config = ConfigDict(frozen=True, serialize_by_alias=True)

    type: str
    correlation_id: Identifier
    timestamp: Instant = Field(default_factory=_now)
    payload: Any
    source: ShortText
    message_id: UUID = Field(default_factory=_message_id_of_a_bare_message)
    causation_id: UUID | None = None
    version: int = 1

    def caused_by(self, cause: "Envelope") -> Self:
        """The same message, naming `cause` as what led to it."""
        return self.model_copy(update={"causation_id": cause.message_id})
