"""Bounded reads of the newest records of partitions, whatever their size and content."""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Generic, TypeVar

from aiokafka import TopicPartition

from order_saga.operators.kafka_view import KafkaView, OffsetRange, RawRecord

FIRST_RUN: Final = 4
LONGEST_RUN: Final = 100
RUN_BYTES: Final = 1_048_576
"""Adjacent offsets of a partition are read at once, in a run: a read goes forward, the scan
backward. The size of the records so far decides how many."""

SHARE_OF_TIME: Final = 0.6
"""Share of the time limit of a request to Kafka that a scan may use; the rest is for the others."""

T = TypeVar("T")


class NewestRecords(Generic[T]):
    """Reads records backward from the end of their partitions, and keeps what `describe` returns.

    A record's bytes are released once it is described.

    Attributes:
        found: What was described, in no order.
        within_limits: False if the limit of bytes, or of time, ended the scan.
        more: True if there are older records that were not read because there were enough.
    """

    def __init__(
        self,
        view: KafkaView,
        describe: Callable[[RawRecord], T | None],
        *,
        limit_bytes: int,
        limit_seconds: float,
        enough: int | None = None,
    ) -> None:
        self.found: list[T] = []
        self.within_limits = True
        self.more = False
        self._view = view
        self._describe = describe
        self._limit_bytes = limit_bytes
        self._bytes = self._records = 0
        self._end = time.monotonic() + limit_seconds
        self._enough = enough

    async def scan(self, offsets: Mapping[TopicPartition, Sequence[int]]) -> None:
        """Read these offsets, which are descending, newest first.

        Stops in each partition once `enough` records are described, and everywhere at the limit of
        bytes or of time; the record that exceeds it is still described.
        """
        unread = {partition: deque(each) for partition, each in offsets.items()}
        counts = dict.fromkeys(offsets, 0)
        while self.within_limits and (unread := {each: o for each, o in unread.items() if o}):
            ranges = {each: _next_run(left, self._run_length()) for each, left in unread.items()}
            for partition, number in (await self._read(ranges)).items():
                counts[partition] += number
                if self._enough is not None and counts[partition] >= self._enough:
                    self.more = bool(unread.pop(partition)) or self.more

    def _run_length(self) -> int:
        if not self._records:
            return FIRST_RUN
        return max(1, min(LONGEST_RUN, RUN_BYTES * self._records // max(1, self._bytes)))

    async def _read(
        self, ranges: Mapping[TopicPartition, OffsetRange]
    ) -> dict[TopicPartition, int]:
        counts = dict.fromkeys(ranges, 0)
        async for record in self._view.read(ranges):
            counts[TopicPartition(record.topic, record.partition)] += self._keep(record)
            if not self.within_limits:
                return counts
        return counts

    def _keep(self, record: RawRecord) -> bool:
        self._records += 1
        self._bytes += len(record.value or b"") + len(record.key or b"")
        self.within_limits = self._bytes < self._limit_bytes and time.monotonic() < self._end
        if (described := self._describe(record)) is None:
            return False
        self.found.append(described)
        return True


def _next_run(descending: deque[int], length: int) -> OffsetRange:
    """Remove and return the first adjacent offsets, at most `length` of them."""
    end = descending[0] + 1
    begin = descending.popleft()
    while descending and descending[0] == begin - 1 and end - begin < length:
        begin = descending.popleft()
    return OffsetRange(begin, end)
