"""Events: what happened to an object, with the object as it was then.

https://docs.stripe.com/api/events/object
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import orjson

from stripe_emulator.wire.json import API_VERSION, JsonObject


class Cause(NamedTuple):
    """The request that an event came from; both are None where no request did it."""

    request_id: str | None = None
    idempotency_key: str | None = None


NO_REQUEST = Cause()


@dataclass(slots=True)
class Event:
    """A thing that happened. `snapshot` is the object's JSON at that moment, encoded.

    `pending` are the ids of the webhook endpoints that have not taken it yet.
    """

    id: str
    created: int
    type: str
    snapshot: bytes
    cause: Cause
    previous_attributes: JsonObject | None = None
    pending: set[str] = field(default_factory=set[str])

    def as_json(self) -> JsonObject:
        """The event as the API returns it."""
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
