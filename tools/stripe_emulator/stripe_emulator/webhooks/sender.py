"""Delivery of events: sends the due deliveries of the outbox until it is stopped."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeAlias

from stripe_emulator.emulator import Emulator
from stripe_emulator.objects.event import Event
from stripe_emulator.settings import WebhookSettings
from stripe_emulator.webhooks.client import WebhookClient, open_webhook_client
from stripe_emulator.webhooks.worker import EndpointWorker

_Workers: TypeAlias = dict[tuple[str, int], asyncio.Task[None]]
_POLL_SECONDS: Final = 0.5


class WebhookSender:
    """The sender of an emulator's events, active while `running`.

    Each endpoint receives its events in the order of their creation, independently of other
    endpoints. A failed delivery is retried later and delays no other. No request waits for a
    delivery.

    Args:
        emulator: The emulator.
        settings: The bounds of deliveries.
    """

    def __init__(self, emulator: Emulator, settings: WebhookSettings) -> None:
        self._emulator = emulator
        self._settings = settings
        self._woken = asyncio.Event()
        emulator.wake = self._woken.set
        emulator.subscribe(self._on_event)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Deliver events during the block; a delivery in progress at its end is canceled."""
        async with open_webhook_client(self._settings) as client:
            sending = asyncio.create_task(self._send(client))
            try:
                yield
            finally:
                sending.cancel()
                with suppress(asyncio.CancelledError):
                    await sending

    def _on_event(self, event: Event) -> None:
        if event.pending:
            self._woken.set()

    async def _send(self, client: WebhookClient) -> None:
        while True:
            async with asyncio.TaskGroup() as group:
                workers: _Workers = {}
                account = self._emulator.account
                while account is self._emulator.account:
                    self._woken.clear()
                    self._start_workers(client, group, workers)
                    await self._wait()
                for worker in workers.values():  # the events before the reset are void
                    worker.cancel()

    def _start_workers(
        self, client: WebhookClient, group: asyncio.TaskGroup, workers: _Workers
    ) -> None:
        account = self._emulator.account
        now = account.clock.now()
        for queue in account.outbox:
            due = queue.due_at()
            if due is None or due > now:
                continue
            for number in range(self._settings.bounds.concurrency):
                running = workers.get((queue.endpoint_id, number))
                if running is None or running.done():
                    worker = EndpointWorker(self._emulator, queue, client, self._settings)
                    workers[queue.endpoint_id, number] = group.create_task(worker.deliver_due())

    async def _wait(self) -> None:
        """Wait for a new delivery, but no longer than the polling interval.

        The passing of time makes deliveries due without a notification.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(_POLL_SECONDS):
                await self._woken.wait()
