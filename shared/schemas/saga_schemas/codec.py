"""Encoding and decoding of messages."""

from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from saga_schemas.content import canonical
from saga_schemas.envelope import Envelope, derived_message_id
from saga_schemas.topics import Topic

_REQUIRED: Final = frozenset({"type", "correlation_id", "timestamp", "payload", "source"})


class InvalidMessage(ValueError):
    """Bytes that are not a valid message; `fields` maps each invalid field to the reason."""

    def __init__(self, topic: str, fields: dict[str, str]) -> None:
        self.topic = topic
        self.fields = fields
        super().__init__(
            f"not a valid message of {topic}: "
            + "; ".join(f"{field}: {reason}" for field, reason in fields.items())
        )


def decode(topic: Topic, value: bytes) -> Any:
    """Decode and validate one message of a topic.

    A message without a `message_id` gets one that is derived from all that it contains: the same
    message is a duplicate whenever it is received, and any other message is not.

    Returns:
        An instance of one of `topic.messages`.

    Raises:
        InvalidMessage: The bytes are not a valid message. No other error is raised, whatever the
            bytes are.
    """
    try:
        message = topic.adapter.validate_json(value)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False, include_context=False)
        raise InvalidMessage(topic.name, dict(map(_field, details))) from None
    # The models have defaults for encoding; on the wire the specification's fields are required.
    absent = _REQUIRED - message.model_fields_set
    if absent:
        raise InvalidMessage(topic.name, dict.fromkeys(sorted(absent), "Field required"))
    if "message_id" in message.model_fields_set:
        return message
    message_id = derived_message_id("content", canonical(value))
    return message.model_copy(update={"message_id": message_id})


def encode(message: Envelope) -> bytes:
    """Return the message as JSON in UTF-8, with the names of the wire."""
    return message.__pydantic_serializer__.to_json(message, by_alias=True)


def _field(error: ErrorDetails) -> tuple[str, str]:
    # A discriminated union puts the selected `type` first in the location.
    path = [str(part) for part in error["loc"]]
    tagged = len(path) > 1 and path[0] not in Envelope.model_fields
    name = ".".join(path[1:] if tagged else path)
    if error["type"].startswith("union_tag"):
        name = "type"
    return name or "(the whole message)", error["msg"]
