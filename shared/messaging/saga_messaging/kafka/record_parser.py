"""A parser of records that reads on after an invalid one, for batches that aiokafka refuses."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from aiokafka.record._protocols import DefaultRecordProtocol
from aiokafka.record.default_records import DefaultRecord
from aiokafka.record.util import decode_varint

ParsedRecord: TypeAlias = DefaultRecordProtocol


@dataclass(frozen=True, slots=True)
class UnreadableRecord:
    """The bytes of one invalid record, or of all that follow if its length is invalid.

    Attributes:
        offset: The offset that the record has if no record before it was removed.
        rest: True if the bytes may contain more records.
    """

    data: bytes
    offset: int
    reason: str
    rest: bool = False


class _Reader:
    """Reads fields of one record; a field beyond its end is a ValueError."""

    def __init__(self, data: bytes) -> None:
        self._data = bytearray(data)
        self._at = 0

    def number(self) -> int:
        if self._at >= len(self._data):
            raise ValueError("the record ends within a number")
        number, self._at = decode_varint(self._data, self._at)
        return number

    def field(self) -> bytes | None:
        size = self.number()
        if size < 0:
            return None
        if size > len(self._data) - self._at:
            raise ValueError(f"a field of {size} bytes exceeds the record")
        self._at += size
        return bytes(self._data[self._at - size : self._at])

    def finish(self) -> None:
        if self._at != len(self._data):
            raise ValueError(f"{len(self._data) - self._at} bytes after the last header")


def parse_records(
    payload: bytes, count: int, base: int, first_timestamp: int, append_time: int | None
) -> Iterator[ParsedRecord | UnreadableRecord]:
    """Yield `count` records, or fewer if the length of one is invalid.

    Bytes of a header's name that are not UTF-8 are replaced: the name of a header is no reason
    to refuse a message.
    """
    buffer, position = bytearray(payload), 0
    for index in range(max(count, 0)):
        try:
            size, start = decode_varint(buffer, position)
        except (ValueError, IndexError):
            size, start = -1, position
        if not 0 < size <= len(payload) - start:
            reason = f"record {index} of {count} has an invalid length"
            yield UnreadableRecord(payload[position:], base + index, reason, rest=True)
            return
        position = start + size
        body = payload[start:position]
        try:
            yield _record(_Reader(body[1:]), base, first_timestamp, append_time)
        except (ValueError, IndexError, OverflowError) as error:
            reason = f"record {index} of {count} is invalid: {error}"
            yield UnreadableRecord(body, base + index, reason)
    if position < len(payload):
        left = len(payload) - position
        reason = f"{left} bytes follow the last of {count} records"
        yield UnreadableRecord(payload[position:], base + max(count, 0), reason, rest=True)


def _record(
    reader: _Reader, base: int, first_timestamp: int, append_time: int | None
) -> ParsedRecord:
    timestamp = first_timestamp + reader.number()
    offset = base + reader.number()
    key, value = reader.field(), reader.field()
    headers: list[tuple[str, bytes | None]] = []
    for _ in range(reader.number()):
        name = (reader.field() or b"").decode(errors="replace")
        headers.append((name, reader.field()))
    reader.finish()
    kind = 0 if append_time is None else 1
    return DefaultRecord(
        offset, timestamp if append_time is None else append_time, kind, key, value, headers
    )
