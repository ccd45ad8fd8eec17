"""A fake publisher, with a gate that a test may close."""

import asyncio
from collections.abc import Sequence

from saga_messaging.kafka.records import Outgoing


class FakePublisher:
    """Keeps the published batches in `sent`; publishes nothing while `gate` is closed."""

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


async def eventually(condition, seconds: float = 10) -> None:
    """Wait until `condition()`, letting the event loop run."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.to_thread(lambda: None)
