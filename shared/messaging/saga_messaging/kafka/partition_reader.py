"""The records of one partition in a fetch response, and what takes their place if unreadable."""

from collections.abc import Callable, Generator, Iterator
from typing import Any, Final, TypeAlias

import structlog
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.record.control_record import ABORT_MARKER, ControlRecord

from saga_messaging.kafka.record_batch import MIN_RECORD_BYTES, Frame, Item, RecordBatch, split
from saga_messaging.kafka.record_parser import UnreadableRecord
from saga_messaging.kafka.unreadable import UnreadableBytes, UnreadableError

logger = structlog.get_logger(__name__)

RawRecord: TypeAlias = ConsumerRecord[bytes, bytes]

Skip: TypeAlias = Callable[[TopicPartition, int, int], None]
"""Receives a range of offsets, its end excluded, that has no record for the consumer."""

MAX_KEPT_BYTES: Final = 2 * 1024 * 1024
"""Most bytes that are kept of what cannot be read."""


class PartitionReader(PartitionRecords):
    """Yields the readable records; yields `UnreadableBytes` in the place of others.

    It replaces aiokafka's reader, which stops at what it cannot read, and which decompresses
    batches of any size. Reading ends early once more than `limit` bytes were read; the rest is
    fetched again.
    """

    def __init__(  # noqa: PLR0913 - a fetch response has these parts
        self,
        *,
        partition: TopicPartition,
        data: bytes,
        aborted_transactions: Any,
        fetch_offset: int,
        isolation_level: int,
        limit: int,
        skip: Skip,
    ) -> None:
        self._fetch_offset = fetch_offset
        self._limit = limit
        self._skip = skip
        super().__init__(
            partition, data, aborted_transactions, fetch_offset, None, None, True, isolation_level
        )

    def _unpack_records(self) -> Generator[RawRecord]:
        read = 0
        for frame in split(self._records):
            if read > self._limit:
                return
            for record in self._read(frame):
                read += max(0, record.serialized_key_size) + max(0, record.serialized_value_size)
                yield record

    def _read(self, frame: Frame) -> Iterator[RawRecord]:
        try:
            batch = RecordBatch(frame)
            if self._is_aborted(batch) or batch.control:
                self._skip_to(batch.end)
                return
            for item in batch.records(self._limit):
                yield from self._deliver(item, batch)
        except UnreadableError as error:
            yield from self._replace(frame.data, self._end_of(frame), str(error))
        else:
            self._skip_to(batch.end)  # compaction may have removed the last records

    def _is_aborted(self, batch: RecordBatch) -> bool:
        """Return True if the transaction of the batch was aborted, as far as the broker knows.

        Raises:
            UnreadableError: The marker of a transaction's end is invalid.
        """
        if self._isolation_level != READ_COMMITTED or batch.producer_id < 0:
            return False
        self._consume_aborted_up_to(batch.base)
        if batch.control and self._marks_abort(batch):
            self._aborted_producers.discard(batch.producer_id)
        return batch.transactional and batch.producer_id in self._aborted_producers

    def _marks_abort(self, batch: RecordBatch) -> bool:
        marker = next(batch.records(self._limit), None)
        if marker is None or isinstance(marker, UnreadableRecord) or len(marker.key or b"") < 4:  # noqa: PLR2004
            raise UnreadableError("invalid marker of a transaction's end")
        return ControlRecord.parse(marker.key or b"") == ABORT_MARKER

    def _deliver(self, item: Item, batch: RecordBatch) -> Iterator[RawRecord]:
        if isinstance(item, UnreadableRecord):
            end = batch.end if item.rest else min(item.offset + 1, batch.end)
            yield from self._replace(item.data, end, item.reason)
        elif not batch.base <= item.offset < batch.end:
            raise UnreadableError(f"a record has offset {item.offset}, outside of its batch")
        elif self._fetch_offset <= item.offset < self.next_fetch_offset:
            raise UnreadableError(f"a record has offset {item.offset}, out of order")
        elif item.offset >= self.next_fetch_offset:
            record = self._consumer_record(self._tp, item)
            self._skip_to(item.offset)
            self.next_fetch_offset = item.offset + 1
            yield record

    def _replace(self, data: bytes, end: int, reason: str) -> Iterator[RawRecord]:
        """Yield one record in the place of the offsets up to `end`, unless they were read."""
        start = self.next_fetch_offset
        topic, partition = self._tp
        if end <= start:
            place = {"topic": topic, "partition": partition, "offset": end - 1}
            logger.error("unreadable_bytes_skipped", reason=reason, **place)
            return
        self.next_fetch_offset = end
        where = f"offset {start}" if end == start + 1 else f"offsets {start} to {end - 1}"
        value = UnreadableBytes.of(data[:MAX_KEPT_BYTES], f"{where} cannot be read: {reason}")
        # The last offset: what is committed is then behind everything that cannot be read.
        yield ConsumerRecord(
            topic, partition, end - 1, 0, 0, None, value, None, -1, len(value), headers=()
        )

    def _end_of(self, frame: Frame) -> int:
        """Return the offset to go on with, behind a batch that cannot be read."""
        start = self.next_fetch_offset
        if frame.next_base is not None:
            return frame.next_base
        claimed = RecordBatch.claimed_end(frame.data) if frame.whole else None
        most = frame.base + self._limit // MIN_RECORD_BYTES
        return claimed if claimed is not None and start < claimed <= most else start + 1

    def _skip_to(self, offset: int) -> None:
        if offset > self.next_fetch_offset:
            self._skip(self._tp, self.next_fetch_offset, offset)
            self.next_fetch_offset = offset
