"""Bytes in Kafka that are not a readable record."""

from typing import Self


class UnreadableError(Exception):
    """A record or a batch that cannot be read; the text is the reason."""


class UnreadableBytes(bytes):
    """Raw bytes of a record or a batch, delivered as the value of the record that they hide.

    A producer cannot create one, as it could a header.
    """

    reason: str

    @classmethod
    def of(cls, data: bytes, reason: str) -> Self:
        """Return the bytes together with the reason why they cannot be read."""
        unreadable = cls(data)
        unreadable.reason = reason
        return unreadable
