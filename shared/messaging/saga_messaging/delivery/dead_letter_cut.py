"""Dead letters that are larger than their topic takes, cut with a digest of the original."""

import hashlib
from dataclasses import replace
from typing import Final

from saga_messaging.kafka.records import Outgoing

FACTOR: Final = 4
"""A refused value is cut to a quarter, until Kafka accepts it: its limit is not known here."""

MIN_VALUE_BYTES: Final = 256
MIN_KEY_BYTES: Final = 256
"""Sizes below which a value is left out, and to which a key is cut."""


def cut_headers(key: bytes | None, value: bytes | None) -> dict[str, str]:
    """Return headers with the sizes and the SHA-256 of an original that is about to be cut.

    The headers of every dead letter name its place: topic, partition and offset.
    """
    key, value = key or b"", value or b""
    return {
        "dead-letter-cut": f"the key had {len(key)} bytes, the value {len(value)}",
        "dead-letter-sha256": hashlib.sha256(value).hexdigest(),
    }


def smaller(record: Outgoing) -> Outgoing | None:
    """Return a dead letter with a smaller value, or a smaller key; None if nothing is left to cut.

    Its headers describe the original. Any other record is never cut: None.
    """
    key_bytes = len(record.key or b"")
    if not record.is_dead_letter or (not record.value and key_bytes <= MIN_KEY_BYTES):
        return None
    size = len(record.value) // FACTOR
    return replace(
        record,
        value=record.value[: size if size >= MIN_VALUE_BYTES else 0],
        key=record.key if record.value else record.key and record.key[:MIN_KEY_BYTES],
        headers={**cut_headers(record.key, record.value), **record.headers},
    )
