"""Dead letters as operators see them: value, reason, origin and the actions taken."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias

from aiokafka import ConsumerRecord
from pydantic import BaseModel
from pydantic_core import from_json
from saga_messaging.kafka.unreadable import UnreadableBytes
from saga_schemas.text import storable
from saga_schemas.topics import TOPICS
from saga_schemas.values import MAX_ID_LENGTH

PREVIEW_CHARACTERS: Final = 200
PREVIEW_BYTES: Final = 4 * PREVIEW_CHARACTERS
MAX_PARSED_BYTES: Final = 65_536
"""Size of a value beyond which the order is taken from the key: parsing would block the service."""


RawRecord: TypeAlias = ConsumerRecord[bytes, bytes]
ActionName: TypeAlias = Literal["replay", "drop"]
RecordPosition: TypeAlias = tuple[str, int, int]
"""Topic, without the prefix of this system; partition; offset."""


@dataclass(frozen=True, slots=True)
class RequestedAction:
    """An operator's request; `again` permits it on a dead letter that was handled before."""

    action: ActionName
    by: str
    note: str
    again: bool = False


class DeadLetterAction(BaseModel):
    """A replay or a drop of a dead letter: the requester, the reason and the time."""

    action: ActionName
    by: str
    note: str
    at: datetime


class DeadLetter(BaseModel):
    """A dead letter with the beginning of its value.

    Attributes:
        topic: The dead-letter topic, without this system's prefix.
        at: The record's time; null if it is no possible time.
        reason: The reason why the consumer could not handle the record.
        came_from: The position of the original record, as `topic[partition]@offset`.
        cut: The original sizes, if the key or the value was cut when it was stored.
        correlation_id: The order that the value or the key names.
        preview: The first characters of the value.
        dealt_with: The actions taken, oldest first.
    """

    topic: str
    partition: int
    offset: int
    at: datetime | None = None
    reason: str
    consumer: str = "unknown"
    came_from: str = "unknown"
    cut: str | None = None
    key: str | None = None
    correlation_id: str | None = None
    size_bytes: int = 0
    preview: str = ""
    dealt_with: list[DeadLetterAction] = []

    @property
    def position(self) -> RecordPosition:
        """The identity of the dead letter."""
        return self.topic, self.partition, self.offset


class DeadLetterDetail(DeadLetter):
    """A dead letter with its headers and its raw value.

    Attributes:
        value: The value as text; null if it is not valid UTF-8.
        value_base64: The value's bytes.
    """

    value: str | None
    value_base64: str
    headers: dict[str, str]


class DeadLetterPage(BaseModel):
    """Dead letters, newest first; `whole` is false if there are more that the page omits."""

    dead_letters: list[DeadLetter]
    whole: bool


def dead_letter_of(record: RawRecord, prefix: str) -> DeadLetter:
    """Describe a record of a dead-letter topic. Accepts every record, whatever it contains."""
    headers = headers_of(record)
    value = record.value or b""
    return DeadLetter(
        topic=record.topic.removeprefix(prefix),
        partition=record.partition,
        offset=record.offset,
        at=_time(record.timestamp),
        reason=_reason(value, headers),
        consumer=headers.get("dead-letter-consumer", "unknown"),
        came_from=_origin(headers, prefix),
        cut=headers.get("dead-letter-cut"),
        key=None if record.key is None else record.key.decode(errors="replace")[:MAX_ID_LENGTH],
        correlation_id=_correlation_id(value, record.key),
        size_bytes=len(value),
        preview=value[:PREVIEW_BYTES].decode(errors="replace")[:PREVIEW_CHARACTERS],
    )


def _reason(value: bytes, headers: Mapping[str, str]) -> str:
    if isinstance(value, UnreadableBytes):
        return f"the record cannot be read: {value.reason}"
    return headers.get("dead-letter-reason", "no reason recorded")


def detail_of(
    record: RawRecord, prefix: str, actions: Sequence[DeadLetterAction]
) -> DeadLetterDetail:
    """Describe a record of a dead-letter topic with its value, its headers and its actions."""
    value = record.value or b""
    detail = {
        "dealt_with": list(actions),
        "value": _text(value),
        "value_base64": base64.b64encode(value).decode(),
        "headers": headers_of(record),
    }
    return DeadLetterDetail.model_validate(dead_letter_of(record, prefix).model_dump() | detail)


def position_text(position: RecordPosition) -> str:
    """Format a position as `topic/partition/offset`, as in the path of the API."""
    return "{}/{}/{}".format(*position)


def headers_of(record: RawRecord) -> dict[str, str]:
    """Return the record's headers as text that PostgreSQL can store: valid, and without NUL."""
    headers: Sequence[tuple[str, bytes | None]] = record.headers
    return {name: storable((value or b"").decode(errors="replace")) for name, value in headers}


def origin_topic(record: RawRecord, prefix: str) -> str | None:
    """Return the topic that the record came from, without the prefix; None if it is not valid.

    Whoever may write dead letters may name any topic in the header. The header is therefore valid
    only if the record is in the dead-letter topic of the topic that it names.
    """
    named = headers_of(record).get("dead-letter-topic", "").removeprefix(prefix)
    dead_letters = record.topic.removeprefix(prefix)
    known = {(topic.name, topic.dead_letters) for topic in TOPICS}
    return named if (named, dead_letters) in known else None


def _origin(headers: Mapping[str, str], prefix: str) -> str:
    topic = headers.get("dead-letter-topic", "").removeprefix(prefix)
    partition = headers.get("dead-letter-partition", "?")
    offset = headers.get("dead-letter-offset", "?")
    return f"{topic}[{partition}]@{offset}" if topic else "unknown"


def _correlation_id(value: bytes, key: bytes | None) -> str | None:
    try:
        named = from_json(value)["correlation_id"] if len(value) <= MAX_PARSED_BYTES else None
    except (ValueError, KeyError, TypeError):
        named = None
    if not isinstance(named, str):
        named = key.decode(errors="replace") if key else ""
    return named if 0 < len(named) <= MAX_ID_LENGTH and "\0" not in named else None


def _time(milliseconds: int) -> datetime | None:
    if milliseconds < 0:  # Kafka's -1 for none
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _text(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None
