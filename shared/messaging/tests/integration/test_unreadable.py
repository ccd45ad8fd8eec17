"""A running process that consumes records and batches which cannot be read."""

import re
from pathlib import Path

import pytest
from messaging_testing import topics
from messaging_testing.batches import bomb, damage, produce_batches, with_checksum
from messaging_testing.messages import command, raw

pytestmark = [pytest.mark.stack, pytest.mark.slow]

MEBIBYTE = 1 << 20
CODECS = ["gzip", "snappy", "lz4", "zstd"]


def change(position: int, value: int, *, checksum: bool = True):
    """Return a change of one byte of a batch."""

    def edit(data: bytearray) -> None:
        data[position] = value

    return with_checksum(edit) if checksum else edit


DAMAGES = [
    (change(-1, 0xFF, checksum=False), "wrong checksum (CRC-32C)"),
    (change(22, 7), "unknown compression codec 7"),
    (change(22, 1), "gzip: not decompressible"),
    (change(16, 1), "unsupported batch version 1"),
    (change(61, 0x7F), "record 0 of 1 has an invalid length"),
    (change(65, 0x03), "a record has offset"),
    (change(66, 0x01), "record 0 of 1 is invalid"),
]


def test_every_codec_is_read_and_a_codec_of_the_topic_too(system):
    system.start()
    messages = [command() for _ in range(4 * len(CODECS))]
    for number, codec in enumerate(CODECS):
        sent = [raw(each) for each in messages[4 * number : 4 * number + 3]]
        system.send_raw(sent, compression_type=codec)
    for number, codec in enumerate(CODECS):
        topics.configure(system.servers, system.commands, {"compression.type": codec})
        system.send([messages[4 * number + 3]])
    system.await_rest(len(messages), 90)
    system.check_exactly_once({message.message_id for message in messages})
    assert system.dead_letters() == []


def test_a_bomb_is_a_dead_letter_and_takes_little_memory(system):
    process = system.start()
    first, last = command("saga"), command("saga")
    system.send([first])
    system.await_rest(1)
    before = peak_memory(process)
    bombs = [bomb(600 * MEBIBYTE, "zstd"), *[bomb(15 * MEBIBYTE, "zstd")] * 40]
    partition = {each.key: each.partition for each in topics.read(system.servers, system.commands)}
    produce_batches(system.servers, system.commands, partition[b"saga"], bombs)
    system.send([last])
    system.await_rest(2, 100)
    # Without the bounds, it grew by 1,880 MiB.
    assert peak_memory(process) - before < 400 * MEBIBYTE
    system.await_number(lambda: len(system.dead_letters()), 41)
    reasons = [reason_of(each) for each in system.dead_letters()]
    (reason,) = [each for each in reasons if "cannot be read" in each]
    assert "zstd: not decompressible to at most 16777216 bytes" in reason
    system.await_number(system.acked, 43)


def test_damaged_batches_are_dead_letters_and_those_behind_are_handled(
    make_system, own_kafka, servers_folder, database_url
):
    system = make_system(own_kafka.bootstrap_servers, database_url)
    good = [command("saga") for _ in range(len(DAMAGES) + 1)]
    for message in good:  # one batch for each, as a batch is damaged as a whole
        system.send([message])
    (partition,) = {each.partition for each in topics.read(system.servers, system.commands)}
    for offset, (edit, _) in enumerate(DAMAGES):
        damage(servers_folder, system.commands, partition, offset, edit)
    process = system.start()
    system.await_rest(1, 90)
    process.require_running()
    system.check_exactly_once({good[-1].message_id})
    system.await_number(lambda: len(system.dead_letters()), len(DAMAGES))
    found = {offset_of(each): reason_of(each) for each in system.dead_letters()}
    for offset, (_, reason) in enumerate(DAMAGES):
        assert f"offset {offset} cannot be read: {reason}" in found[offset]
    system.await_number(system.acked, len(good))


def peak_memory(process) -> int:
    """Return the largest resident set of a process so far, in bytes."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])


def reason_of(dead_letter) -> str:
    return dict(dead_letter.headers)["dead-letter-reason"].decode()


def offset_of(dead_letter) -> int:
    return int(dict(dead_letter.headers)["dead-letter-offset"])
