"""A dead letter as operators see it: what it holds, why it is there, and where it came from."""

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

from pydantic import BaseModel
from saga_schemas.topics import TOPICS
from saga_schemas.values import MAX_ID_LENGTH

PREVIEW_CHARACTERS: Final = 200

Action: TypeAlias = Literal["replay", "drop"]
Place: TypeAlias = tuple[str, int, int]
"""Topic, without the prefix of this system; partition; offset."""


class Dealt(BaseModel):
    """What was done about a dead letter, by whom, why, and when."""

    action: Action
    by: str
    note: str
    at: datetime


class Letter(BaseModel):
    """A dead letter, without all of its value.

    Attributes:
        topic: The dead-letter topic, without this system's prefix.
        reason: Why the consumer could not handle it.
        came_from: `topic[partition]@offset`, where the consumer had read it.
        cut: Said where the dead letter does not hold all of what was read.
        correlation_id: The order that it names, in its value or its key.
        preview: How its value begins.
        dealt_with: What operators did about it, oldest first.
    """

    topic: str
    partition: int
    offset: int
    at: datetime
    reason: str
    consumer: str
    came_from: str
    cut: str | None
    key: str | None
    correlation_id: str | None
    size_bytes: int
    preview: str
    dealt_with: list[Dealt] = []

    @property
    def place(self) -> Place:
        """What tells it from every other."""
        return self.topic, self.partition, self.offset


class WholeLetter(Letter):
    """And its raw value: as text, where it is text, and in any case as base64."""

    value: str | None
    value_base64: str
    headers: dict[str, str]


class LetterPage(BaseModel):
    """Dead letters, newest first; `whole` where none that Kafka keeps was left out of the look."""

    dead_letters: list[Letter]
    whole: bool


def letter_of(raw: Any, prefix: str) -> Letter:
    """A record of a dead-letter topic, as it is listed. Never raises, whatever the record holds."""
    headers = headers_of(raw)
    value: bytes = raw.value or b""
    text = value.decode(errors="replace")
    return Letter(
        topic=raw.topic.removeprefix(prefix),
        partition=raw.partition,
        offset=raw.offset,
        at=datetime.fromtimestamp(raw.timestamp / 1000, UTC),
        reason=headers.get("dead-letter-reason", "nothing is said"),
        consumer=headers.get("dead-letter-consumer", "unknown"),
        came_from=_origin(headers, prefix),
        cut=headers.get("dead-letter-cut"),
        key=None if raw.key is None else raw.key.decode(errors="replace")[:MAX_ID_LENGTH],
        correlation_id=_correlation_id(value, raw.key),
        size_bytes=len(value),
        preview=text[:PREVIEW_CHARACTERS],
    )


def whole_letter_of(raw: Any, prefix: str, dealt_with: Sequence[Dealt]) -> WholeLetter:
    """Likewise, with its value."""
    value: bytes = raw.value or b""
    whole = {
        "dealt_with": list(dealt_with),
        "value": _text(value),
        "value_base64": base64.b64encode(value).decode(),
        "headers": headers_of(raw),
    }
    return WholeLetter.model_validate(letter_of(raw, prefix).model_dump() | whole)


def headers_of(raw: Any) -> dict[str, str]:
    """A record's headers as text."""
    return {name: (value or b"").decode(errors="replace") for name, value in raw.headers}


def origin_topic(raw: Any, prefix: str) -> str | None:
    """The topic of ours that the letter came from, without the prefix; None where it is none.

    Anybody who may write dead letters may name any topic, so it counts only where it is that whose
    dead letters these are.
    """
    named = headers_of(raw).get("dead-letter-topic", "").removeprefix(prefix)
    lies_in = raw.topic.removeprefix(prefix)
    return (
        named if (named, lies_in) in {(each.name, each.dead_letters) for each in TOPICS} else None
    )


def _origin(headers: Mapping[str, str], prefix: str) -> str:
    topic = headers.get("dead-letter-topic", "").removeprefix(prefix)
    place = headers.get("dead-letter-partition", "?"), headers.get("dead-letter-offset", "?")
    return f"{topic}[{place[0]}]@{place[1]}" if topic else "unknown"


def _correlation_id(value: bytes, key: bytes | None) -> str | None:
    try:
        named = json.loads(value)["correlation_id"]
    except (ValueError, KeyError, TypeError, RecursionError):
        named = None
    if not isinstance(named, str):
        named = key.decode(errors="replace") if key else ""
    return named if 0 < len(named) <= MAX_ID_LENGTH and "\0" not in named else None


def _text(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None
