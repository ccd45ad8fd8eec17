"""Events: changes of an object, each with a snapshot of the object.

https://docs.stripe.com/api/events/object
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import orjson

from stripe_emulator.wire.json import JsonObject
from stripe_emulator.wire.version import API_VERSION


class Cause(NamedTuple):
    """The request that caused an event; both fields are None if no request did."""

    request_id: str | None = None
    idempotency_key: str | None = None


NO_REQUEST = Cause()


@dataclass(slots=True)
class Event:
    """An event; `snapshot` is the object's encoded JSON at the time of the event.

    `pending` has the ids of the webhook endpoints that have not received it yet.
    """

    id: str
    created: int
    type: str
    snapshot: bytes
    cause: Cause
    previous_attributes: JsonObject | None = None
    pending: set[str] = field(default_factory=set[str])

    def as_json(self) -> JsonObject:
        """Return the event as the API returns it."""
        data: JsonObject = {"object": orjson.Fragment(self.snapshot)}
        if self.previous_attributes is not None:
            data["previous_attributes"] = self.previous_attributes
        return {
            "id": self.id,
            "object": "event",
            "api_version": API_VERSION,
            "created": self.created,
            "data": data,
            "livemode": False,
            "pending_webhooks": len(self.pending),
            "request": {
                "id": self.cause.request_id,
                "idempotency_key": self.cause.idempotency_key,
            },
            "type": self.type,
        }
