"""The JSON that goes over the wire: one type for it, one place that encodes it."""

from typing import TypeAlias

import orjson

JsonObject: TypeAlias = dict[str, object]


def encode(value: object) -> bytes:
    """Encode a value of JSON types, compactly, in the order its keys were set."""
    return bytes(memoryview(orjson.dumps(value)))  # a copy: orjson's own buffer is 16 KiB
