"""Delivery: takes what is due from the outbox and posts it, until it is told to stop."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from math import ceil
from typing import Final

from stripe_emulator.delivery_log import Attempt, Outcome
from stripe_emulator.emulator import Emulator
from stripe_emulator.fault import WEBHOOK
from stripe_emulator.objects.event import Event
from stripe_emulator.objects.webhook_endpoint import WebhookEndpoint
from stripe_emulator.outbox import Delivery, Outbox, Queue
from stripe_emulator.webhook_client import Response, WebhookClient, webhook_client
from stripe_emulator.webhook_settings import WebhookSettings

_LOOK_SECONDS: Final = 0.5


class WebhookSender:
    """Delivers the events of an emulator while `running`.

    Each endpoint gets its events in the order they happened, whatever becomes of those of others;
    one that fails is tried again later and holds up none. Requests never wait for a delivery.

    Args:
        emulator: whose events.
        settings: the bounds.
    """

    def __init__(self, emulator: Emulator, settings: WebhookSettings) -> None:
        self._emulator = emulator
        self._settings = settings
        self._something_is_due = asyncio.Event()
        emulator.wake = self._something_is_due.set
        emulator.listen(self._hear)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Deliver for as long as the block lasts; what is under way at its end is broken off."""
        async with webhook_client(self._settings) as client:
            sending = asyncio.create_task(self._send_all(client))
            yield
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending

    def _hear(self, event: Event) -> None:
        if event.pending:
            self._something_is_due.set()

    async def _send_all(self, client: WebhookClient) -> None:
        while True:
            outbox = self._emulator.account.outbox
            async with asyncio.TaskGroup() as group:
                lane = _Lane(self._emulator, self._settings, client)
                tasks: set[asyncio.Task[None]] = set()
                while self._emulator.account.outbox is outbox:
                    self._something_is_due.clear()
                    self._start_lanes(outbox, lane, group, tasks)
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_LOOK_SECONDS):
                            await self._something_is_due.wait()
                for task in tasks:  # the account was reset: nobody waits for its events
                    task.cancel()

    def _start_lanes(
        self,
        outbox: Outbox,
        lane: "_Lane",
        group: asyncio.TaskGroup,
        tasks: set[asyncio.Task[None]],
    ) -> None:
        now = self._emulator.account.clock.now()
        for queue in outbox:
            due = queue.due_at()
            if due is None or due > now:
                continue
            busy = sum(task.get_name() == queue.endpoint_id for task in tasks)
            for _ in range(self._settings.concurrency - busy):
                task = group.create_task(lane.empty(queue), name=queue.endpoint_id)
                tasks.add(task)
                task.add_done_callback(tasks.discard)
