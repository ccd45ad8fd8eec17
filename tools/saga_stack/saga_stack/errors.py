"""The errors of the local stack, each with its cure."""

from saga_cli.errors import CommandError


class StackError(CommandError):
    """The stack cannot run on this machine."""


class PortTakenError(StackError):
    """A requested port is in use."""


class JavaMissingError(StackError):
    """No Java was found that can run Apache Kafka."""


class DownloadError(StackError):
    """Apache Kafka's jars could not be downloaded, or do not match the pinned digests."""


class ChildFailedError(StackError):
    """A child process ended, or was not ready in time."""


class ForbiddenKeyError(StackError):
    """The Stripe key must never be used here, for example because it is a live key."""
