"""Decompression of record batches to a bounded size."""

import struct
import zlib
from collections.abc import Callable
from typing import Final

import cramjam

from saga_messaging.kafka.unreadable import UnreadableError

NO_CODEC: Final = 0

_GZIP_WINDOW: Final = 31
_XERIAL: Final = b"\x82SNAPPY\x00"
"""Beginning of snappy-java's framing, which Kafka's Java client uses."""

_XERIAL_HEADER_BYTES: Final = 16
_FIRST_GUESS: Final = 8
_GROWTH: Final = 4


def decompress(codec: int, data: bytes, limit: int) -> bytes:
    """Return the decompressed data, at most `limit` bytes; `codec` is the batch's attribute.

    More than `limit` bytes are never kept in memory, however large the result would be.

    Raises:
        UnreadableError: The codec is unknown, the data is invalid, or the result is larger.
    """
    if codec not in _CODECS:
        raise UnreadableError(f"unknown compression codec {codec}")
    name, function = _CODECS[codec]
    try:
        return function(data, limit)
    except (cramjam.DecompressionError, zlib.error, struct.error) as error:
        reason = f"{name}: not decompressible to at most {limit} bytes: {error}"
        raise UnreadableError(reason) from None


def _gunzip(data: bytes, limit: int) -> bytes:
    result = bytearray()
    while data:
        member = zlib.decompressobj(_GZIP_WINDOW)
        result += member.decompress(data, limit + 1 - len(result))
        _check_size(len(result), limit)
        if not member.eof:
            raise zlib.error("the data is truncated")
        data = member.unused_data
    return bytes(result)


def _unsnappy(data: bytes, limit: int) -> bytes:
    if not data.startswith(_XERIAL):
        return _unsnappy_block(data, limit)
    result = bytearray()
    position = _XERIAL_HEADER_BYTES
    while position < len(data):
        (size,) = struct.unpack_from(">i", data, position)
        position += 4
        if not 0 < size <= len(data) - position:
            raise cramjam.DecompressionError(f"a block of {size} bytes")
        result += _unsnappy_block(data[position : position + size], limit - len(result))
        position += size
    return bytes(result)


def _unsnappy_block(data: bytes, limit: int) -> bytes:
    _check_size(cramjam.snappy.decompress_raw_len(data), limit)
    return bytes(cramjam.snappy.decompress_raw(data))


def _unlz4(data: bytes, limit: int) -> bytes:
    return _decompress_into(cramjam.lz4.decompress_into, data, limit)


def _unzstd(data: bytes, limit: int) -> bytes:
    return _decompress_into(cramjam.zstd.decompress_into, data, limit)


def _decompress_into(function: Callable[[bytes, bytearray], int], data: bytes, limit: int) -> bytes:
    """Decompress to a buffer that grows up to the limit: no library call here has a limit."""
    size = min(limit, _FIRST_GUESS * len(data))
    while True:
        result = bytearray(size)
        try:
            return bytes(memoryview(result)[: function(data, result)])
        except cramjam.DecompressionError:
            if size == limit:
                raise
        size = min(limit, _GROWTH * size)


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise cramjam.DecompressionError(f"it has {size} bytes or more")


_CODECS: Final[dict[int, tuple[str, Callable[[bytes, int], bytes]]]] = {
    1: ("gzip", _gunzip),
    2: ("snappy", _unsnappy),
    3: ("lz4", _unlz4),
    4: ("zstd", _unzstd),
}
"""By their numbers in a batch's attributes: https://kafka.apache.org/documentation/#recordbatch"""
