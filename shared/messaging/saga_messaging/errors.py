"""The package's errors.

MessagingError
├── TooManyDeadLetters     ends the process: nothing is acknowledged
├── DatabaseUnavailable    for callers with a time limit: retry later
└── ParkedRecordNotFound   for operators
"""


class MessagingError(Exception):
    """Base of this package's errors."""


class TooManyDeadLetters(MessagingError):
    """More dead letters than `dead_letter_limit`: the consumer itself is probably at fault."""


class DatabaseUnavailable(MessagingError):
    """PostgreSQL did not respond within the caller's time limit."""


class ParkedRecordNotFound(MessagingError):
    """No record with this id is parked: it was never refused, or was retried or dropped."""

    def __init__(self, message_id: object) -> None:
        super().__init__(f"No record {message_id} is parked: it may have been retried or dropped.")
