"""Kafka as a list, with a gate that a test may close."""

import asyncio
from collections.abc import Sequence

from saga_messaging.kafka.records import Outgoing


class FakePublisher:
    """`sent` has the batches that were published; nothing is published while `gate` is closed."""

    def __init__(self) -> None:
        self.sent: list[list[Outgoing]] = []
        self.waiting = 0
        self.gate = asyncio.Event()
        self.gate.set()

    @property
    def records(self) -> list[Outgoing]:
        return [record for batch in self.sent for record in batch]

    async def publish(self, records: Sequence[Outgoing]) -> None:
        self.waiting += 1
        await self.gate.wait()
        self.waiting -= 1
        self.sent.append(list(records))


async def eventually(true, seconds: float = 10) -> None:
    """Waits, turn by turn of the loop, until `true()`."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.to_thread(lambda: None)
