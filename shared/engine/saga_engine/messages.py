"""Messages that every saga can receive: a deadline, and what an operator requests."""

from typing import Literal

from pydantic import Field
from saga_schemas.envelope import Envelope
from saga_schemas.values import Attempt, Identifier, ShortText, Value


class DeadlinePayload(Value):
    """The step whose deadline passed."""

    state: Identifier
    attempt: Attempt


class DeadlinePassed(Envelope):
    """The deadline of a step passed before a reply came. It never leaves the service."""

    type: Literal["deadline_passed"] = "deadline_passed"
    payload: DeadlinePayload
    source: str = "saga"


class RequestPayload(Value):
    """Who requests it, and why; both are recorded in the saga's history."""

    by: Identifier = "customer"
    note: ShortText = ""


class RetryRequested(Envelope):
    """An operator has a parked step tried again."""

    type: Literal["retry_requested"] = "retry_requested"
    payload: RequestPayload
    source: str = "saga"


class ResolvePayload(RequestPayload):
    """The state that the saga is to end in."""

    resolution: Identifier = Field(alias="as")


class ResolveRequested(Envelope):
    """An operator states how a parked step ended; nothing is sent for that step."""

    type: Literal["resolve_requested"] = "resolve_requested"
    payload: ResolvePayload
    source: str = "saga"
