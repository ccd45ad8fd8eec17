"""Services of a stack with other environment variables, and what they report."""

from collections.abc import Generator
from contextlib import contextmanager

from saga_stack.stack import Stack
from support.polling import eventually


@contextmanager
def service_environment(stack: Stack, name: str, **changes: str) -> Generator[None]:
    """Restart a service with other variables, and with its own ones at the end.

    The block runs while the service starts; it may never become ready.
    """
    child = stack.child(name)
    own = child.env
    stack.stop(name)
    child.env = {**own, **changes}
    stack.components[name].launch()
    try:
        yield
    finally:
        stack.stop(name)
        child.env = own
        stack.start(name)


def kafka_report(stack: Stack, name: str, seconds: float) -> str:
    """Return the reason why a service is not ready, once it names a Kafka setting."""
    return eventually(
        lambda: stack.components[name].not_ready() or "ready",
        lambda fault: "KAFKA" in fault,
        seconds,
    )
