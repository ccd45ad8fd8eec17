"""How orders end, and when, as Kafka delivers their events."""

import asyncio
import json
import time
from typing import Final, Self

from aiokafka import AIOKafkaConsumer
from saga_schemas.topics import ORDER_EVENTS

ENDS: Final = ("order.authorized", "order.rejected", "order.needs_attention")
LIMIT_SECONDS: Final = 180.0


class Outcomes:
    """A consumer that records when each order is authorized, or ends in another way.

    Attributes:
        authorized: The moment of each `order.authorized`, by order id, on the monotonic clock.
        ended: The orders that were authorized or rejected, or need attention.
    """

    def __init__(self, bootstrap: str) -> None:
        self.authorized: dict[str, float] = {}
        self.ended: set[str] = set()
        self._consumer = AIOKafkaConsumer(
            ORDER_EVENTS.name, bootstrap_servers=bootstrap, fetch_max_wait_ms=20
        )

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
            if message["type"] in ENDS:
                self.ended.add(message["correlation_id"])
            if message["type"] == "order.authorized":
                self.authorized[message["correlation_id"]] = time.monotonic()

    def rate(self, start: float, end: float) -> float:
        """Return the orders authorized a second in this period."""
        return sum(start <= at < end for at in self.authorized.values()) / (end - start)

    async def all_ended(self, orders: list[str]) -> None:
        """Return once every one of these orders has ended.

        Raises:
            TimeoutError: One has not ended within `LIMIT_SECONDS`.
        """
        async with asyncio.timeout(LIMIT_SECONDS):
            while not self.ended.issuperset(orders):  # noqa: ASYNC110 - polled
                await asyncio.sleep(0.1)
