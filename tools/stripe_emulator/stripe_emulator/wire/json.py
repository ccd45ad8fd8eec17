"""The JSON of requests and responses: its type and its encoder."""

from typing import Protocol, TypeAlias

import orjson

JsonObject: TypeAlias = dict[str, object]


class ApiObject(Protocol):
    """An object that the API returns as JSON."""

    def as_json(self) -> JsonObject:
        """Return the object as the API returns it."""
        ...


def encode(value: object) -> bytes:
    """Encode a value of JSON types without whitespace, keeping the order of its keys."""
    return bytes(memoryview(orjson.dumps(value)))  # a copy, because orjson's buffer is 16 KiB
