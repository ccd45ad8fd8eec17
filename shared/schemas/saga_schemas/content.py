"""The content of a message as it was sent: the identity of a message that carries no id.

Content is compared as JSON, not as bytes and not by the models: neither white space nor a field
that a newer model knows makes another message of it.
"""

import hashlib
import json
from typing import Final

_CONTENT: Final = ("type", "correlation_id", "payload")
_dump: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def canonical(value: bytes) -> str:
    """Return the JSON of a valid message with sorted keys and no white space."""
    return _dump(json.loads(value))


def content_digest(value: bytes) -> str:
    """Return a digest of the content of a valid message: its type, correlation id and payload.

    The time, the sender and the cause are left out: a message that is sent again has the same
    digest. It is BLAKE2b with 128 bits, as 32 hexadecimal digits.
    """
    message = json.loads(value)
    content = _dump([message[name] for name in _CONTENT])
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()
