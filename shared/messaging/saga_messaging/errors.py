"""The package's errors.

MessagingError
├── TooManyDeadLetters     pauses the partitions that it names
├── DatabaseUnavailable    for callers with a time limit: retry later
├── DatabaseReadOnly       of one attempt: the session cannot write
├── ParkedRecordNotFound   for operators
└── MigrationRefused       ends `migrate`: the message has the cure
"""

from collections.abc import Mapping


class MessagingError(Exception):
    """Base of this package's errors."""


class TooManyDeadLetters(MessagingError):
    """More unreadable records than `dead_letter_limit`: this release or a sender is at fault.

    Args:
        reason: What happened, and how to go on.
        left: The first offset that must be left unread, of each partition.
    """

    def __init__(self, reason: str, left: Mapping[int, int]) -> None:
        super().__init__(reason)
        self.left = left


class DatabaseUnavailable(MessagingError):
    """PostgreSQL did not respond within the caller's time limit."""


class DatabaseReadOnly(MessagingError):
    """PostgreSQL would refuse to write: it is a standby, or was made read-only. Retried."""


class MigrationRefused(MessagingError):
    """`migrate` cannot migrate this database, or not now."""


class ParkedRecordNotFound(MessagingError):
    """No record with this id is parked: it was never refused, or was retried or dropped."""

    def __init__(self, message_id: object) -> None:
        super().__init__(f"No record {message_id} is parked: it may have been retried or dropped.")
