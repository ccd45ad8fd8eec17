"""Partitions that a process has paused, because it must not read their next record."""

from collections.abc import Mapping, Sequence
from weakref import WeakKeyDictionary

import faust
import structlog
from faust.types import TP, EventT

logger = structlog.get_logger(__name__)


class PausedPartitions:
    """The partitions of an app that wait for a person, each at the offset that is not read.

    Nothing at or behind that offset is handled or acknowledged, so the partition keeps its order,
    and the next process that owns it begins there.
    """

    def __init__(self) -> None:
        self._at: dict[TP, tuple[int, str]] = {}

    @property
    def reasons(self) -> Sequence[str]:
        """A sentence for each paused partition, with the way to go on."""
        return [
            f"{tp.topic}[{tp.partition}] is paused at offset {offset}: {reason}"
            for tp, (offset, reason) in sorted(self._at.items())
        ]

    def add(self, topic: str, offsets: Mapping[int, int], reason: str) -> None:
        """Pause partitions of a topic at these offsets."""
        for partition, offset in offsets.items():
            self._at[TP(topic, partition)] = (offset, reason)
            logger.critical(
                "partition_paused", topic=topic, partition=partition, offset=offset, reason=reason
            )

    def readable(self, events: Sequence[EventT[bytes]]) -> list[EventT[bytes]]:
        """Return the events that may be handled; leave the others unacknowledged.

        The offset of a paused partition that is received again, after a rebalance, is tried again.
        """
        return [event for event in events if self._is_readable(event)]

    def resume_at(self, events: Sequence[EventT[bytes]]) -> None:
        """End the pause of partitions that Kafka delivers again from the paused offset."""
        for event in events:
            paused = self._at.get(event.message.tp)
            if paused and event.message.offset <= paused[0]:
                del self._at[event.message.tp]

    def _is_readable(self, event: EventT[bytes]) -> bool:
        message = event.message
        paused = self._at.get(message.tp)
        if paused is None or message.offset < paused[0]:
            return True
        consumer = event.app.consumer
        consumer.pause_partitions({message.tp})
        # A rebalance and a shutdown wait for unacknowledged messages; this one waits for a person.
        consumer.unacked.discard(message)
        return False


_of_app: "WeakKeyDictionary[faust.App, PausedPartitions]" = WeakKeyDictionary()


def paused_partitions(app: faust.App) -> PausedPartitions:
    """Return the paused partitions of an app."""
    return _of_app.setdefault(app, PausedPartitions())
