"""A fake publisher, with a gate that a test may close."""

import asyncio
from collections.abc import Callable, Sequence

from saga_messaging.delivery.outbox import Outbox
from saga_messaging.kafka.records import Outgoing
from saga_messaging.kafka.refusals import PublishResult, Refusal


class FakePublisher:
    """Keeps the published batches in `sent`; publishes nothing while `gate` is closed.

    Attributes:
        refuses: Returns the error of a record that is refused.
        waiting: The topics that wait, with the reasons.
    """

    def __init__(self) -> None:
        self.sent: list[list[Outgoing]] = []
        self.blocked = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.waiting: dict[str, str] = {}
        self.refuses: Callable[[Outgoing], Exception | None] = lambda _: None

    @property
    def records(self) -> list[Outgoing]:
        return [record for batch in self.sent for record in batch]

    async def publish(self, records: Sequence[Outgoing]) -> PublishResult:
        self.blocked += 1
        await self.gate.wait()
        self.blocked -= 1
        refused, held, sent = [], [], []
        for record in records:
            if record.order_key in {each.record.order_key for each in refused} - {None}:
                held.append(record)
            elif error := self.refuses(record):
                refused.append(Refusal(record, error))
            else:
                sent.append(record)
        if sent:
            self.sent.append(sent)
        return PublishResult(refused, held)


async def eventually(condition, seconds: float = 60) -> None:
    """Wait until `condition()`, letting the event loop run."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.to_thread(lambda: None)


def queued(outbox: Outbox) -> list[Outgoing]:
    """Return the records that the outbox was offered."""
    return [record for queue in outbox._queues.values() for record in queue._queue]
