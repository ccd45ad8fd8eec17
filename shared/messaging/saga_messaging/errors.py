"""What can go wrong in messaging. Everything here ends the process or is retried; see each."""


class MessagingError(Exception):
    """Base of this package's errors."""


class TooManyDeadLetters(MessagingError):
    """More messages than `dead_letter_limit` could not be handled: suspect ourselves, and stop."""


class DatabaseUnavailable(MessagingError):
    """PostgreSQL did not answer within the time that the caller allowed."""
