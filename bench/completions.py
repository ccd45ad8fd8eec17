"""The moments at which orders are authorized, as Kafka delivers their events."""

import asyncio
import json
import time
from typing import Self

from aiokafka import AIOKafkaConsumer
from saga_schemas.topics import ORDER_EVENTS

LIMIT_SECONDS = 300.0


class Completions:
    """A consumer that records when each order's `order.authorized` is received.

    Attributes:
        at: The moment of each order's event, by order id, on the clock of `time.perf_counter`.
    """

    def __init__(self, bootstrap: str) -> None:
        self.at: dict[str, float] = {}
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
            if message["type"] != "order.authorized":
                raise RuntimeError(f"an order was not authorized: {message}")
            self.at[message["correlation_id"]] = time.perf_counter()

    async def wait_for(self, orders: list[str]) -> None:
        """Return once every one of these orders is authorized.

        Raises:
            RuntimeError: An order ended in another way.
            TimeoutError: One is not authorized within `LIMIT_SECONDS`.
        """
        async with asyncio.timeout(LIMIT_SECONDS):
            while not all(order in self.at for order in orders):
                if self._task.done():
                    self._task.result()
                await asyncio.sleep(0.05)
