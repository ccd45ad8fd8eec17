"""How orders end, and when, as Kafka delivers their events."""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from aiokafka import AIOKafkaConsumer
from saga_schemas.topics import ORDER_EVENTS

AUTHORIZED: Final = "order.authorized"
REJECTED: Final = "order.rejected"
ENDS: Final = frozenset({AUTHORIZED, REJECTED, "order.needs_attention"})
LIMIT_SECONDS: Final = 180.0
POLL_SECONDS: Final = 0.02


@dataclass(frozen=True)
class Event:
    """An event of an order, received at a moment on the clock of `time.perf_counter`."""

    type: str
    at: float


class Outcomes:
    """A consumer that records every event of every order.

    Attributes:
        events: The events by order id, in their order; a message that is delivered twice counts
            once.
    """

    def __init__(self, bootstrap: str, topic: str = ORDER_EVENTS.name) -> None:
        self.events: defaultdict[str, list[Event]] = defaultdict(list)
        self._ended: dict[str, float] = {}
        self._seen: set[str] = set()
        self._waiting: dict[tuple[str, str], asyncio.Future[None]] = {}
        self._consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, fetch_max_wait_ms=20)

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        self._task = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await self._consumer.stop()

    async def _read(self) -> None:
        async for record in self._consumer:
            message = json.loads(record.value or b"")
            if message["message_id"] in self._seen:
                continue
            self._seen.add(message["message_id"])
            self._record(message["correlation_id"], Event(message["type"], time.perf_counter()))

    def _require_consumer(self) -> None:
        if self._task.done():
            self._task.result()

    def _record(self, order: str, event: Event) -> None:
        self.events[order].append(event)
        if event.type in ENDS:
            self._ended.setdefault(order, event.at)
        if waiting := self._waiting.pop((order, event.type), None):
            waiting.set_result(None)

    def ended_at(self, order: str) -> float:
        """Return the moment of the event that authorized or rejected an order."""
        return self._ended[order]

    def authorized(self, order: str) -> bool:
        """Return whether an order was authorized."""
        return any(event.type == AUTHORIZED for event in self.events.get(order, ()))

    def types(self, orders: Iterable[str]) -> dict[str, list[str]]:
        """Return the types of the events of these orders."""
        return {order: [event.type for event in self.events.get(order, ())] for order in orders}

    def rate(self, start: float, end: float) -> float:
        """Return the orders authorized a second in this period."""
        moments = [e.at for each in self.events.values() for e in each if e.type == AUTHORIZED]
        return sum(start <= at < end for at in moments) / (end - start)

    async def wait_for_event(self, order: str, type_: str) -> None:
        """Return once an order has an event of this type.

        Raises:
            TimeoutError: It has none within `LIMIT_SECONDS`.
        """
        if any(event.type == type_ for event in self.events.get(order, ())):
            return
        future = self._waiting.setdefault(
            (order, type_), asyncio.get_running_loop().create_future()
        )
        await asyncio.wait_for(future, LIMIT_SECONDS)

    async def wait_for_ends(self, orders: Iterable[str]) -> None:
        """Return once every one of these orders is authorized or rejected, or needs attention.

        Raises:
            TimeoutError: Some have not ended, and none did for `LIMIT_SECONDS`.
        """
        left, moved = set(orders), time.perf_counter()
        total = len(left)
        while left:
            self._require_consumer()
            ended = {order for order in left if order in self._ended}
            left -= ended
            moved = time.perf_counter() if ended else moved
            if time.perf_counter() - moved > LIMIT_SECONDS:
                raise TimeoutError(f"{len(left)} of {total} orders have not ended")
            await asyncio.sleep(POLL_SECONDS if left else 0)
