"""Bytes to message and back."""

from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from saga_schemas.envelope import Envelope
from saga_schemas.topics import Topic

# message_id is derived from two other fields; where one of those is wrong, that one is named.
_FOLLOWS_ANOTHER: Final = "default_factory_not_called"

_SPECIFIED: Final = frozenset({"type", "correlation_id", "timestamp", "payload", "source"})


class InvalidMessage(ValueError):
    """The bytes are no message of this topic. `fields` names each wrong or missing field."""

    def __init__(self, topic: str, fields: dict[str, str]) -> None:
        self.topic = topic
        self.fields = fields
        super().__init__(
            f"not a message of {topic}: "
            + "; ".join(f"{field}: {reason}" for field, reason in fields.items())
        )


def decode(topic: Topic, value: bytes) -> Any:
    """Parse one message of a topic.

    Returns:
        An instance of one of `topic.messages`.

    Raises:
        InvalidMessage: Whatever the bytes are, this is the only error; it names the fields.
    """
    try:
        message = topic.adapter.validate_json(value)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False, include_context=False)
        fields = dict(_field(detail) for detail in details if detail["type"] != _FOLLOWS_ANOTHER)
        raise InvalidMessage(topic.name, fields) from None
    # Our models have defaults for what we write; on the wire the specification's fields are due.
    absent = _SPECIFIED - message.model_fields_set
    if absent:
        raise InvalidMessage(topic.name, dict.fromkeys(sorted(absent), "Field required"))
    return message


def encode(message: Envelope) -> bytes:
    """The message as JSON in UTF-8, under the names of the wire."""
    return message.__pydantic_serializer__.to_json(message, by_alias=True)


def _field(error: ErrorDetails) -> tuple[str, str]:
    # A discriminated union puts the chosen `type` first in the location; it is no field.
    path = [str(part) for part in error["loc"]]
    tagged = len(path) > 1 and path[0] not in Envelope.model_fields
    name = ".".join(path[1:] if tagged else path)
    if error["type"].startswith("union_tag"):
        name = "type"
    return name or "(the whole message)", error["msg"]
