"""Record batches as bytes: built, sent past aiokafka's producer, and damaged in Kafka's files."""

import asyncio
import struct
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

import cramjam
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import for_code
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c, encode_varint

HEADER_BYTES = 61
CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}

Edit = Callable[[bytearray], None]
"""Changes a batch in place."""


def batch(values: Iterable[bytes], codec: str = "none", base: int = 0) -> bytes:
    """Return a batch of records with these values, the key `key` and one header."""
    builder = DefaultRecordBatchBuilder(2, CODECS[codec], 0, -1, -1, -1, 1 << 30)
    for offset, value in enumerate(values):
        builder.append(offset, 1_700_000_000_000, b"key", value, [("name", b"text")])
    data = bytearray(builder.build())
    struct.pack_into(">q", data, 0, base)
    return bytes(data)


def bomb(size: int, codec: str, base: int = 0) -> bytes:
    """Return a batch of one record with a value of `size` zeros, made piece by piece."""
    head = bytearray(b"\0\0\0\x01")  # attributes, timestamp and offset deltas; no key
    encode_varint(size, head.append)
    length = bytearray()
    encode_varint(len(head) + size + 1, length.append)
    parts = _parts(bytes(length + head), size)
    data = b"".join(_gzipped(parts) if codec == "gzip" else _zstandard(parts))
    empty = bytearray(batch([b""], base=base)[:HEADER_BYTES]) + data
    empty[22] |= CODECS[codec]
    return corrected(empty)


def _parts(head: bytes, size: int) -> Iterable[bytes]:
    piece = bytes(1 << 20)
    yield head
    for _ in range(size >> 20):
        yield piece
    yield bytes(size % (1 << 20)) + b"\0"  # the rest of the value; no headers


def _gzipped(parts: Iterable[bytes]) -> Iterable[bytes]:
    compressor = zlib.compressobj(9, zlib.DEFLATED, 31)
    for part in parts:
        yield compressor.compress(part)
    yield compressor.flush()


def _zstandard(parts: Iterable[bytes]) -> Iterable[bytes]:
    compressor = cramjam.zstd.Compressor()
    for part in parts:
        compressor.compress(part)
        yield bytes(compressor.flush())
    yield bytes(compressor.finish())


def corrected(data: bytes | bytearray) -> bytes:
    """Return the batch with the length and the checksum that belong to its bytes."""
    data = bytearray(data)
    struct.pack_into(">i", data, 8, len(data) - 12)
    struct.pack_into(">I", data, 17, calc_crc32c(bytes(data[21:])))
    return bytes(data)


def produce_batches(servers: str, topic: str, partition: int, batches: Iterable[bytes]) -> None:
    """Send batches as they are; the broker checks them, and gives them their offsets."""
    asyncio.run(_produce(servers, topic, partition, list(batches)))


async def _produce(servers: str, topic: str, partition: int, batches: list[bytes]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=servers, request_timeout_ms=60_000) as producer:
        await producer.partitions_for(topic)
        for data in batches:
            request = ProduceRequest(None, -1, 60_000, [(topic, [(partition, data)])])
            node = producer.client.cluster.leader_for_partition(TopicPartition(topic, partition))
            response = await producer.client.send(node, request)
            code = response.topics[0][1][0][1]
            if code:
                raise for_code(code)


def damage(kafka_folder: Path, topic: str, partition: int, base: int, edit: Edit) -> None:
    """Change a stored batch, whose size must stay the same, in the files of a running broker."""
    (segment,) = kafka_folder.glob(f"**/{topic}-{partition}/00000000000000000000.log")
    stored = segment.read_bytes()
    position = 0
    while struct.unpack_from(">q", stored, position)[0] != base:
        position += 12 + struct.unpack_from(">i", stored, position + 8)[0]
    end = position + 12 + struct.unpack_from(">i", stored, position + 8)[0]
    data = bytearray(stored[position:end])
    edit(data)
    assert len(data) == end - position
    with segment.open("r+b") as file:
        file.seek(position)
        file.write(data)


def with_checksum(edit: Edit) -> Edit:
    """Return the same change, followed by a correct checksum."""

    def edit_and_correct(data: bytearray) -> None:
        edit(data)
        struct.pack_into(">I", data, 17, calc_crc32c(bytes(data[21:])))

    return edit_and_correct
