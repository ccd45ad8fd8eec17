"""What can go wrong with the local stack, each with its cure."""

from saga_cli.errors import CommandError


class StackError(CommandError):
    """Something on this machine keeps the stack from running."""


class PortTakenError(StackError):
    """A port that was asked for belongs to someone else."""


class JavaMissingError(StackError):
    """No Java that can run Apache Kafka was found."""


class DownloadError(StackError):
    """Apache Kafka's jars could not be fetched, or are not the pinned ones."""


class ChildFailedError(StackError):
    """A child process died, or was not ready in time."""


class ForbiddenKeyError(StackError):
    """A Stripe key that must never be used here, such as a live one."""
