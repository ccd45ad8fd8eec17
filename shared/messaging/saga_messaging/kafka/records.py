"""Kafka records: bytes with headers, as consumed and as published."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from saga_schemas.codec import encode
from saga_schemas.envelope import Envelope
from saga_schemas.topics import key_of, topic_of

DEAD_LETTER: Final = "dead-letter"
"""The `type` of an outgoing dead letter."""


@dataclass(frozen=True, slots=True)
class Record:
    """A consumed record.

    Attributes:
        timestamp: When it was published, in seconds since the epoch, by the publisher's clock.
            Negative if the publisher set none.
        unreadable: Why the record, or a batch that ends with it, cannot be read; `value` then has
            the raw bytes. None for a record.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: float | None = None
    unreadable: str | None = None

    @property
    def position(self) -> str:
        """`topic[partition]@offset`, for logs."""
        return f"{self.topic}[{self.partition}]@{self.offset}"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record to publish. `message_id` is the outbox's key: one id is stored once."""

    message_id: UUID
    correlation_id: str
    type: str
    topic: str
    key: bytes | None
    value: bytes
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def is_dead_letter(self) -> bool:
        """True for a dead letter, which stands alone: its order among others has no meaning."""
        return self.type == DEAD_LETTER

    @property
    def order_key(self) -> bytes | None:
        """The key whose records keep their order; None for a record that has no order."""
        return None if self.is_dead_letter else self.key

    @property
    def size(self) -> int:
        """The bytes of key and value."""
        return len(self.value) + len(self.key or b"")

    @classmethod
    def of(cls, message: Envelope) -> "Outgoing":
        """Return the record of a message, with the topic and key of its type."""
        return cls(
            message_id=message.message_id,
            correlation_id=message.correlation_id,
            type=message.type,
            topic=topic_of(message).name,
            key=key_of(message),
            value=encode(message),
        )
