"""The JSON that goes over the wire: one type for it, one place that encodes it."""

from typing import Protocol, TypeAlias

import orjson

JsonObject: TypeAlias = dict[str, object]

API_VERSION = "2026-08-26.dahlia"
"""The version whose objects the emulator answers with."""


class Shown(Protocol):
    """An object that has a JSON form."""

    def as_json(self) -> JsonObject:
        """The object as the API returns it."""
        ...


def encode(value: object) -> bytes:
    """Encode a value of JSON types, compactly, in the order its keys were set."""
    return bytes(memoryview(orjson.dumps(value)))  # a copy: orjson's own buffer is 16 KiB
