"""A consumer's progress, and what keeps it from consuming."""

import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import LeaderNotAvailableError, NotLeaderForPartitionError
from prometheus_client import Gauge

from saga_messaging.settings import MessagingSettings

logger = structlog.get_logger(__name__)

OPEN_TRANSACTION_SECONDS: Final = Gauge(
    "saga_open_transaction_seconds",
    "Age of the oldest transaction of another producer that holds back messages of this process.",
)

_LEADER_ERRORS: Final = {LeaderNotAvailableError.__name__, NotLeaderForPartitionError.__name__}


@dataclass(frozen=True, slots=True)
class ConsumptionProblem:
    """A reason why messages are not consumed.

    Attributes:
        restart_helps: True if a new process would consume them.
    """

    text: str
    restart_helps: bool = True

    @classmethod
    def joined(cls, problems: "Iterable[ConsumptionProblem | None]") -> "ConsumptionProblem | None":
        """Return all problems as one; None if there are none."""
        found = [problem for problem in problems if problem]
        if not found:
            return None
        text = "; ".join(problem.text for problem in found)
        return cls(text, any(problem.restart_helps for problem in found))


class Consumption:
    """Knows whether a process consumes.

    Faust and aiokafka report to it in the thread that they run in; it only reads their state.
    """

    def __init__(self, settings: MessagingSettings) -> None:
        self._stall = settings.consumer_stall_seconds
        self._transaction_limit = settings.kafka_open_transaction_seconds
        self._moved_at = self._polled_at = time.monotonic()
        self._waiting_since: float | None = None
        self._batches: dict[str, float] = {}
        self._assigned: tuple[Any, float] = (None, 0.0)
        self._open: dict[TopicPartition, tuple[int, float]] = {}
        self._logged: set[tuple[TopicPartition, int]] = set()

    def polled(self) -> None:
        """Record that messages were asked for, or delivered."""
        self._polled_at = time.monotonic()

    @contextmanager
    def batch(self, topic: str) -> Generator[None]:
        """Record that a batch of the topic is being handled."""
        self._moved_at = self._batches[topic] = time.monotonic()
        try:
            yield
        finally:
            del self._batches[topic]
            self._moved_at = time.monotonic()

    def problem(self, consumer: Any, waiting: bool) -> ConsumptionProblem | None:
        """Return why a joined consumer does not consume.

        Args:
            consumer: aiokafka's consumer.
            waiting: Messages were delivered, and are not acknowledged.
        """
        return ConsumptionProblem.joined(
            [
                _dead_task(consumer),
                self._stalled(waiting),
                self._unfetched(consumer),
                self._open_transaction(consumer),
            ]
        )

    def _stalled(self, waiting: bool) -> ConsumptionProblem | None:
        now = time.monotonic()
        for topic, begun_at in list(self._batches.items()):
            if now - begun_at > self._stall:
                age = f"{now - begun_at:.0f} s"
                return ConsumptionProblem(f"a batch of {topic} has been in progress for {age}")
        self._waiting_since = (self._waiting_since or now) if waiting else None
        waited = now - max(self._moved_at, self._waiting_since or now)
        if waited > self._stall and not self._batches:
            return ConsumptionProblem(f"messages wait, and no batch was begun for {waited:.0f} s")
        if now - self._polled_at > self._stall and not self._batches:
            return ConsumptionProblem(f"no messages were asked for {now - self._polled_at:.0f} s")
        return None

    def _unfetched(self, consumer: Any) -> ConsumptionProblem | None:
        """Find a partition for which a broker has not responded, although it was asked."""
        assignment = _assignment(consumer)
        if assignment is None:
            return ConsumptionProblem("no partitions are assigned")
        if self._assigned[0] is not assignment:
            self._assigned = assignment, time.monotonic()
        stale: dict[TopicPartition, float] = {}
        for partition in assignment.tps:
            state = assignment.state_value(partition)
            if partition not in consumer._fetcher._records and not state.paused:  # noqa: SLF001
                fetched_at = consumer._fetcher.responded_at.get(partition, 0.0)  # noqa: SLF001
                age = time.monotonic() - max(self._assigned[1], fetched_at)
                if age > self._stall:
                    stale[partition] = age
        if not stale:
            return None
        partition, age = max(stale.items(), key=lambda each: each[1])
        error = consumer._fetcher.errors.get(partition, "no response")  # noqa: SLF001
        text = f"{_name(partition)}: nothing fetched for {age:.0f} s ({error})"
        cured = [each for each in stale if not _leaderless(consumer, each)]
        return ConsumptionProblem(text, bool(cured) and len(stale) == len(assignment.tps))

    def _open_transaction(self, consumer: Any) -> ConsumptionProblem | None:
        """Find a transaction that holds back messages for longer than the limit."""
        now, found = time.monotonic(), dict[TopicPartition, tuple[int, float]]()
        assignment = _assignment(consumer)
        for partition in assignment.tps if assignment else ():
            state = assignment.state_value(partition)
            stable, end = state.lso, state.highwater
            if stable is not None and end is not None and 0 <= stable < end:
                offset, since = self._open.get(partition, (stable, now))
                found[partition] = (stable, since if offset == stable else now)
        self._open = found
        OPEN_TRANSACTION_SECONDS.set(max((now - since for _, since in found.values()), default=0))
        for partition, (offset, since) in found.items():
            if now - since > self._transaction_limit:
                self._log_once(partition, offset)
                text = f"a transaction at offset {offset} has been open for {now - since:.0f} s"
                return ConsumptionProblem(f"{_name(partition)}: {text}", restart_helps=False)
        return None

    def _log_once(self, partition: TopicPartition, offset: int) -> None:
        if (partition, offset) not in self._logged:
            self._logged = {each for each in self._logged if each[0] != partition}
            self._logged.add((partition, offset))
            logger.warning("transaction_left_open", partition=_name(partition), offset=offset)


def _dead_task(consumer: Any) -> ConsumptionProblem | None:
    tasks = {
        "fetcher": consumer._fetcher._fetch_task,  # noqa: SLF001
        "group coordinator": getattr(consumer._coordinator, "_coordination_task", None),  # noqa: SLF001
    }
    for name, task in tasks.items():
        if task is not None and task.done():
            reason = "canceled" if task.cancelled() else repr(task.exception())
            return ConsumptionProblem(f"the {name} has ended: {reason}")
    return None


def _leaderless(consumer: Any, partition: TopicPartition) -> bool:
    """Return True if no broker leads the partition, as a broker or the metadata says."""
    if consumer._fetcher.errors.get(partition) in _LEADER_ERRORS:  # noqa: SLF001
        return True
    return consumer._client.cluster.leader_for_partition(partition) == -1  # noqa: SLF001


def _assignment(consumer: Any) -> Any:
    subscription = consumer._subscription.subscription  # noqa: SLF001
    return subscription and subscription.assignment


def _name(partition: TopicPartition) -> str:
    return f"{partition.topic}[{partition.partition}]"
