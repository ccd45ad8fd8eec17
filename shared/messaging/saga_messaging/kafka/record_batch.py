"""Record batches of a fetch response, read without trust in any of their bytes.

The format is Kafka's record batch, version 2: https://kafka.apache.org/documentation/#recordbatch
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import Final, TypeAlias

from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.util import calc_crc32c

from saga_messaging.kafka.compression import NO_CODEC, decompress
from saga_messaging.kafka.record_parser import ParsedRecord, UnreadableRecord, parse_records
from saga_messaging.kafka.unreadable import UnreadableError

OVERHEAD_BYTES: Final = 12
"""Size of the base offset and of the length, which counts what follows both."""

MIN_RECORD_BYTES: Final = 7

_BASE_BYTES: Final = 8
_LENGTH: Final = Struct(">i")
_HEADER: Final = Struct(">qiibIhiqqqhii")
_MAGIC_AT, _MAGIC = 16, 2
_ATTRIBUTES_AT: Final = 21
_CODEC, _LOG_APPEND_TIME, _TRANSACTIONAL, _CONTROL = 0x07, 0x08, 0x10, 0x20

Item: TypeAlias = ParsedRecord | UnreadableRecord


@dataclass(frozen=True, slots=True)
class Frame:
    """The bytes from one base offset to the next, which may or may not be a batch.

    Attributes:
        base: The first offset, according to the frame; -1 if it has none.
        next_base: The base of the frame that follows; None for the last frame.
        whole: False if the frame's length exceeds the bytes that the broker returned.
    """

    data: bytes
    base: int
    next_base: int | None
    whole: bool


def split(data: bytes) -> Iterator[Frame]:
    """Yield the frames of a fetch response; omit an incomplete one at the end.

    A broker may cut the last batch, but returns the first one completely. A first frame that is
    not complete is therefore invalid, and its next frame cannot be found.
    """
    position = 0
    while position < len(data):
        end = _end_of_frame(data, position)
        if end is None:
            if not position:
                yield Frame(data, base=-1, next_base=None, whole=False)
            return
        following = data[end : end + _BASE_BYTES]
        next_base = int.from_bytes(following, signed=True)
        known = len(following) == _BASE_BYTES
        base = int.from_bytes(data[position : position + _BASE_BYTES], signed=True)
        yield Frame(data[position:end], base, next_base if known else None, whole=True)
        position = end


def _end_of_frame(data: bytes, position: int) -> int | None:
    if len(data) - position < OVERHEAD_BYTES:
        return None
    (length,) = _LENGTH.unpack_from(data, position + _BASE_BYTES)
    end = position + OVERHEAD_BYTES + length
    return end if length > 0 and end <= len(data) else None


class RecordBatch:
    """A batch whose header, checksum and magic number are valid.

    Attributes:
        end: The offset after the batch's last record.
    """

    def __init__(self, frame: Frame) -> None:
        """Read the header.

        Raises:
            UnreadableError: The frame is not a batch of version 2, or its checksum is wrong.
        """
        data = self._data = frame.data
        if not frame.whole or len(data) < _HEADER.size:
            raise UnreadableError(f"invalid batch length: {len(data)} bytes were returned")
        if (magic := data[_MAGIC_AT]) != _MAGIC:
            raise UnreadableError(f"unsupported batch version {magic}; version 2 is read")
        fields = _HEADER.unpack_from(data)
        self.base, crc, self._attributes, delta = fields[0], fields[4], fields[5], fields[6]
        self._first_timestamp, self.max_timestamp = fields[7], fields[8]
        self.producer_id, self._count = fields[9], fields[12]
        if calc_crc32c(data[_ATTRIBUTES_AT:]) != crc:
            raise UnreadableError("wrong checksum (CRC-32C)")
        if delta < 0:
            raise UnreadableError(f"invalid number of offsets: {delta + 1}")
        self.end = self.base + delta + 1
        if frame.next_base is not None and self.base < frame.next_base < self.end:
            self.end = frame.next_base  # the broker gives base offsets, the producer the number

    @staticmethod
    def claimed_end(data: bytes) -> int | None:
        """Return the offset after a batch whose checksum is wrong, if its header has one."""
        if len(data) < _HEADER.size:
            return None
        fields = _HEADER.unpack_from(data)
        return fields[0] + fields[6] + 1

    @property
    def transactional(self) -> bool:
        """True if the batch belongs to a transaction."""
        return bool(self._attributes & _TRANSACTIONAL)

    @property
    def control(self) -> bool:
        """True if the batch is a marker that ends a transaction, and has no messages."""
        return bool(self._attributes & _CONTROL)

    def records(self, limit: int) -> Iterator[Item]:
        """Yield the records of a batch that has at most `limit` bytes when decompressed.

        A record that is invalid in itself is yielded as such, and the next one follows.

        Raises:
            UnreadableError: The batch cannot be decompressed.
        """
        payload = self._data[_HEADER.size :]
        if (codec := self._attributes & _CODEC) != NO_CODEC:
            payload = decompress(codec, payload, limit)
        read = 0
        parser = self._parser(payload)
        while True:
            try:
                record = next(parser, None)
            except Exception:  # noqa: BLE001 - aiokafka's parser promises no kind of exception
                break
            if record is None:
                return
            yield record
            read += 1
        yield from self._tolerant(payload, read)

    def _parser(self, payload: bytes) -> Iterator[ParsedRecord]:
        """Return aiokafka's parser, which is fast, and stops at the first invalid record."""
        header = bytearray(self._data[: _HEADER.size])
        header[_ATTRIBUTES_AT + 1] &= ~_CODEC & 0xFF
        return iter(DefaultRecordBatch(bytes(header) + payload))

    def _tolerant(self, payload: bytes, read: int) -> Iterator[Item]:
        timestamp = self.max_timestamp if self._attributes & _LOG_APPEND_TIME else None
        first = self._first_timestamp
        items = parse_records(payload, self._count, self.base, first, timestamp)
        for index, item in enumerate(items):
            if index >= read:
                yield item
