"""Records read from bytes that may be anything."""

import random

import pytest
from aiokafka import TopicPartition
from messaging_testing.batches import CODECS, batch, bomb, corrected
from saga_messaging.kafka.partition_reader import PartitionReader
from saga_messaging.kafka.unreadable import UnreadableBytes
from structlog.testing import capture_logs

LIMIT = 1_000_000
CONTROL = 0x20
GOOD = batch([b"good"], base=10)


def reader_of(data: bytes, offset: int = 0, limit: int = LIMIT, skipped=None) -> PartitionReader:
    return PartitionReader(
        partition=TopicPartition("topic", 3),
        data=data,
        aborted_transactions=None,
        fetch_offset=offset,
        isolation_level=1,
        limit=limit,
        skip=lambda _, start, end: skipped.append((start, end)) if skipped is not None else None,
    )


def read(data: bytes, **options):
    """Return the readable values by offset, and the reasons by offset."""
    records = list(reader_of(data, **options))
    values, reasons = {}, {}
    for record in records:
        if isinstance(record.value, UnreadableBytes):
            reasons[record.offset] = record.value.reason
        else:
            values[record.offset] = record.value
    assert [record.offset for record in records] == sorted({**values, **reasons})
    return values, reasons


@pytest.mark.parametrize("codec", CODECS)
def test_records_of_every_codec_are_read_from_the_wanted_offset(codec):
    data = batch([b"one", b"two" * 100, b"three"], codec) + GOOD
    values, reasons = read(data, offset=1)
    assert values == {1: b"two" * 100, 2: b"three", 10: b"good"}
    assert not reasons


@pytest.mark.parametrize("codec", ["gzip", "zstd"])
def test_a_batch_that_decompresses_to_more_than_the_limit_is_unreadable(codec):
    values, reasons = read(bomb(LIMIT + 1, codec) + GOOD)
    assert values == {10: b"good"}
    assert f"{codec}: not decompressible to at most {LIMIT} bytes" in reasons[9]


@pytest.mark.parametrize("codec", ["snappy", "lz4"])
def test_so_is_one_of_the_other_codecs(codec):
    _, reasons = read(batch([bytes(LIMIT)], codec) + GOOD)
    assert f"{codec}: not decompressible to at most {LIMIT} bytes" in reasons[9]


def test_a_wrong_checksum_is_one_dead_letter_for_the_batch():
    broken = bytearray(batch([b"one", b"two"]))
    broken[-3] ^= 1
    values, reasons = read(bytes(broken) + batch([b"three"], base=2))
    assert values == {2: b"three"}
    assert reasons == {1: "offsets 0 to 1 cannot be read: wrong checksum (CRC-32C)"}


def test_what_was_read_of_a_batch_is_not_part_of_its_dead_letter():
    broken = bytearray(batch([b"one", b"two", b"three"]))
    broken[-3] ^= 1
    _, reasons = read(bytes(broken), offset=2)
    assert reasons == {2: "offset 2 cannot be read: wrong checksum (CRC-32C)"}


def test_an_invalid_record_leaves_the_others_of_its_batch():
    data = bytearray(batch([b"one", b"two", b"three"]))
    key_length = data.index(b"key\x06two") - 1
    data[key_length] = 0x7E
    values, reasons = read(corrected(data))
    assert values == {0: b"one", 2: b"three"}
    assert "offset 1 cannot be read: record 1 of 3 is invalid: a field of 63 bytes" in reasons[1]


def test_a_batch_with_fewer_records_than_it_says_is_read_and_logged():
    data = bytearray(batch([b"one", b"two"]))
    data[60] = 9
    with capture_logs() as logs:
        values, reasons = read(corrected(data))
    assert values == {0: b"one", 1: b"two"}
    assert not reasons
    assert [log["event"] for log in logs] == ["unreadable_bytes_skipped"]


def test_the_name_of_a_header_need_not_be_text():
    data = corrected(batch([b"one", b"two"]).replace(b"name", b"\xff\xfe\x00!"))
    values, reasons = read(data)
    assert values == {0: b"one", 1: b"two"}
    assert not reasons


def test_a_length_that_exceeds_the_response_is_stepped_over():
    data = bytearray(batch([b"one"]))
    data[8:12] = b"\x7f\xff\xff\xff"
    for broken in (bytes(data), bytes(data[:8]) + b"\xff" * 40, b"garbage"):
        values, reasons = read(broken, offset=5)
        assert not values
        assert "offset 5 cannot be read: invalid batch length" in reasons[5]


def test_an_incomplete_batch_at_the_end_is_fetched_again():
    reader = reader_of(batch([b"one"]) + GOOD[:-1])
    assert [record.offset for record in reader] == [0]
    assert reader.next_fetch_offset == 1


def test_reading_ends_early_once_the_limit_is_read():
    batches = [batch([bytes(1_000)], base=base) for base in range(10)]
    reader = reader_of(b"".join(batches), limit=2_500)
    assert [record.offset for record in reader] == [0, 1, 2]
    assert reader.next_fetch_offset == 3


def test_offsets_without_records_are_reported():
    skipped = []
    assert read(batch([b"one"], base=4) + GOOD, offset=2, skipped=skipped)[0].keys() == {4, 10}
    assert skipped == [(2, 4), (5, 10)]


@pytest.mark.parametrize("codec", CODECS)
def test_no_bytes_stop_the_reader_or_lose_what_is_behind(codec):
    chance = random.Random(f"{codec} 1")
    original = batch([b"one", b"two" * 50, b"three"], codec)
    for _ in range(1_000):
        data = bytearray(original)
        for _ in range(chance.choice([1, 1, 2, 20])):
            data[chance.randrange(12, len(data))] = chance.randrange(256)
        data[22] &= ~CONTROL
        data = bytearray(corrected(data) if chance.random() < 0.8 else data)
        with capture_logs() as logs:
            values, reasons = read(bytes(data) + GOOD)
        assert values[10] == b"good"
        assert reasons or logs or len(values) == 4


def test_random_bytes_are_stepped_over():
    chance = random.Random(2)
    for _ in range(2_000):
        data = chance.randbytes(chance.randrange(1, 200))
        reader = reader_of(data, offset=7)
        records = list(reader)
        assert reader.next_fetch_offset > 7
        assert all(isinstance(record.value, UnreadableBytes) for record in records)
