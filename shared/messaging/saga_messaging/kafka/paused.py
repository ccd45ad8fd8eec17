"""Partitions that a process has paused, because it must not read their next record."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from weakref import WeakKeyDictionary

import faust
import structlog
from faust.types import TP, EventT

logger = structlog.get_logger(__name__)


class _Pause(NamedTuple):
    """Where and why a partition is paused, and since which generation of the consumer group."""

    offset: int
    reason: str
    generation: int


class PausedPartitions:
    """The partitions of an app that wait for a person, each at the offset that is not read.

    Nothing at or behind that offset is handled or acknowledged, so the partition keeps its order,
    and the next process that owns it begins there.
    """

    def __init__(self) -> None:
        self._at: dict[TP, _Pause] = {}

    def reasons(self, generation: int) -> Sequence[str]:
        """Return a sentence for each partition paused in this generation of the consumer group.

        After a rebalance, the next record of each partition decides anew.
        """
        return [
            f"{tp.topic}[{tp.partition}] is paused at offset {pause.offset}: {pause.reason}"
            for tp, pause in sorted(self._at.items())
            if pause.generation == generation
        ]

    def add(self, events: Sequence[EventT[bytes]], offsets: Mapping[int, int], reason: str) -> None:
        """Pause partitions of the events' topic at these offsets, by partition."""
        for event in events:
            message = event.message
            if offsets.get(message.partition) == message.offset:
                self._at[message.tp] = _Pause(message.offset, reason, message.generation_id or 0)
                logger.critical(
                    "partition_paused",
                    topic=message.topic,
                    partition=message.partition,
                    offset=message.offset,
                    reason=reason,
                )

    def readable(self, events: Sequence[EventT[bytes]]) -> list[EventT[bytes]]:
        """Return the events that may be handled; leave the others unacknowledged.

        The offset of a paused partition that is received again, after a rebalance, is tried again.
        """
        return [event for event in events if self._is_readable(event)]

    def resume_at(self, events: Sequence[EventT[bytes]]) -> None:
        """End the pause of partitions that a rebalance has given to this process again.

        It begins at the paused offset, or behind it if another process went past it.
        """
        for event in events:
            message = event.message
            paused = self._at.get(message.tp)
            if paused and (message.offset <= paused.offset or _is_newer(event, paused)):
                del self._at[message.tp]

    def _is_readable(self, event: EventT[bytes]) -> bool:
        message = event.message
        paused = self._at.get(message.tp)
        if paused is None or message.offset < paused.offset:
            return True
        consumer = event.app.consumer
        consumer.pause_partitions({message.tp})
        # A rebalance and a shutdown wait for unacknowledged messages; this one waits for a person.
        consumer.unacked.discard(message)
        return False


def _is_newer(event: EventT[bytes], paused: _Pause) -> bool:
    """Return True if the event is of the current generation, and the pause of another."""
    generation = event.message.generation_id
    return generation == event.app.consumer_generation_id != paused.generation


_of_app: "WeakKeyDictionary[faust.App, PausedPartitions]" = WeakKeyDictionary()


def paused_partitions(app: faust.App) -> PausedPartitions:
    """Return the paused partitions of an app."""
    return _of_app.setdefault(app, PausedPartitions())
