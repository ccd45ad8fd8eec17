"""A fetcher that no record, batch or transaction stops."""

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.errors import for_code
from aiokafka.protocol.fetch import FetchRequest

from saga_messaging.kafka.partition_reader import PartitionReader

_OPTIONS: Final = (
    "fetch_min_bytes",
    "fetch_max_bytes",
    "fetch_max_wait_ms",
    "max_partition_fetch_bytes",
    "retry_backoff_ms",
    "auto_offset_reset",
    "isolation_level",
)


class _Fetched(NamedTuple):
    """A partition of a fetch response, with its records still as bytes."""

    partition: TopicPartition
    aborted_transactions: Any
    data: bytes


class _FetchClient:
    """aiokafka's client, which keeps records from aiokafka's parser.

    Each response is answered to aiokafka without records: it handles errors, leaders and
    offsets. The records wait in `fetched` for our own reader.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self.fetched: dict[int, list[_Fetched]] = {}
        self.errors: dict[TopicPartition, str] = {}
        self.responded_at: dict[TopicPartition, float] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def send(self, node_id: int, request: Any) -> Any:
        response = await self._client.send(node_id, request)
        if isinstance(request, FetchRequest):
            self.fetched[id(request)] = list(self._take_records(response))
        return response

    def _take_records(self, response: Any) -> Iterator[_Fetched]:
        """Remove the records from a fetch response; yield them."""
        topics: list[Any] = []
        for topic, partitions in response.topics:
            kept: list[Any] = []
            for number, error, *rest, data in partitions:
                kept.append((number, error, *rest, b""))
                partition = TopicPartition(topic, number)
                self.errors.pop(partition, None)
                if error:
                    self.errors[partition] = for_code(error).__name__
                    continue
                self.responded_at[partition] = time.monotonic()
                if data:
                    # The list precedes the records, and the preferred replica since version 11.
                    aborted = rest[-2 if response.API_VERSION >= 11 else -1]  # noqa: PLR2004
                    yield _Fetched(partition, aborted, data)
            topics.append((topic, kept))
        response.topics = topics


class Fetcher(fetcher.Fetcher):
    """Fetches records, and reads them with `PartitionReader`.

    Attributes:
        skipped: By partition, the newest range of offsets without a record for this consumer:
            markers of transactions, aborted records, offsets that compaction has emptied.
    """

    def __init__(self, consumer: Any, limit: int) -> None:
        options = {name: getattr(consumer, f"_{name}") for name in _OPTIONS}
        self.skipped: dict[TopicPartition, tuple[int, int]] = {}
        self._limit = limit
        super().__init__(
            _FetchClient(consumer._client),  # noqa: SLF001
            consumer._subscription,  # noqa: SLF001
            fetcher_timeout=consumer._consumer_timeout,  # noqa: SLF001
            **options,
        )

    async def _proc_fetch_request(self, assignment: Any, node_id: int, request: Any) -> bool:
        try:
            woken = await super()._proc_fetch_request(assignment, node_id, request)
        finally:
            fetched = self._client.fetched.pop(id(request), [])
        offsets = {
            TopicPartition(topic, partition): offset
            for topic, partitions in request.topics
            for partition, offset, _ in partitions
        }
        for each in fetched:
            woken |= self._add(assignment, each, offsets[each.partition])
        return woken

    @property
    def errors(self) -> Mapping[TopicPartition, str]:
        """The error of the latest response for each partition that had one."""
        return self._client.errors

    @property
    def responded_at(self) -> Mapping[TopicPartition, float]:
        """The monotonic time of the latest response without an error for each partition."""
        return self._client.responded_at

    def _add(self, assignment: Any, fetched: _Fetched, offset: int) -> bool:
        """Keep the records for the consumer, unless it has lost or left their position."""
        partition = fetched.partition
        if not assignment.active or partition in self._records:
            return False
        state = assignment.state_value(partition)
        if not state.has_valid_position or state.position != offset:
            return False
        if offset < self.skipped.get(partition, (0, 0))[1]:
            del self.skipped[partition]  # read again, perhaps from a topic that was recreated
        reader = PartitionReader(
            partition=partition,
            data=fetched.data,
            aborted_transactions=fetched.aborted_transactions,
            fetch_offset=offset,
            isolation_level=self._isolation_level,
            limit=self._limit,
            skip=self._skip,
        )
        self._records[partition] = fetcher.FetchResult(
            partition,
            assignment=assignment,
            partition_records=reader,
            backoff=self._prefetch_backoff,
        )
        return True

    def _skip(self, partition: TopicPartition, start: int, end: int) -> None:
        first, last = self.skipped.get(partition, (start, start))
        self.skipped[partition] = (first if last == start else start, end)


async def replace_fetcher(consumer: AIOKafkaConsumer, limit: int) -> Fetcher:
    """Give a started consumer, before it subscribes to anything, a fetcher of this kind.

    Args:
        consumer: The consumer.
        limit: Most bytes of a batch after its decompression.
    """
    await consumer._fetcher.close()  # noqa: SLF001 # pyright: ignore
    own = consumer._fetcher = Fetcher(consumer, limit)  # noqa: SLF001 # pyright: ignore
    return own
