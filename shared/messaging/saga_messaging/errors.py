"""The package's errors.

MessagingError
├── TooManyDeadLetters     ends the process: nothing is acknowledged
├── DatabaseUnavailable    for callers with a time limit: retry later
├── DatabaseReadOnly       of one attempt: the session cannot write
└── MigrationRefused       ends `migrate`: the message has the cure
"""


class MessagingError(Exception):
    """Base of this package's errors."""


class TooManyDeadLetters(MessagingError):
    """More dead letters than `dead_letter_limit`: the consumer itself is probably at fault."""


class DatabaseUnavailable(MessagingError):
    """PostgreSQL did not respond within the caller's time limit."""


class DatabaseReadOnly(MessagingError):
    """PostgreSQL would refuse to write: it is a standby, or was made read-only. Retried."""


class MigrationRefused(MessagingError):
    """`migrate` cannot migrate this database, or not now."""
