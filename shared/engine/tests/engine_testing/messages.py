"""Messages and commands for declarations in tests, each made in one line."""

from collections.abc import Callable
from typing import Any, Literal

from pydantic import create_model
from saga_engine.state import SagaState
from saga_schemas.envelope import Envelope
from saga_schemas.values import Value

SAGA_ID = "saga-1"


class Payload(Value):
    """The attempt that a message answers; None for an event or a request."""

    attempt: int | None = None


def message(type_: str) -> type[Envelope]:
    """Return the class of messages of this type."""
    name = type_.title().replace("_", "").replace(".", "")
    return create_model(
        name,
        __base__=Envelope,
        type=(Literal[type_], type_),
        payload=(Payload, Payload()),
        source=(str, "test"),
    )


def sends(command: type[Envelope]) -> Callable[[SagaState], Envelope]:
    """Return the function that makes a step's command."""

    def make(saga: SagaState) -> Envelope:
        return command(correlation_id=saga.id, payload=Payload(attempt=saga.attempt))

    make.__annotations__["return"] = command
    return make


def keep(saga: Any, _: Any = None) -> Any:
    """Keep nothing of a message."""
    return saga
