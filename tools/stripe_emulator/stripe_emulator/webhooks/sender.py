"""Delivery of events: takes what is due from the outbox and posts it, until told to stop."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeAlias

from stripe_emulator.emulator import Emulator
from stripe_emulator.objects.event import Event
from stripe_emulator.webhook_settings import WebhookSettings
from stripe_emulator.webhooks.client import WebhookClient, webhook_client
from stripe_emulator.webhooks.worker import Lane

_Lanes: TypeAlias = dict[tuple[str, int], asyncio.Task[None]]
_LOOK_SECONDS: Final = 0.5


class WebhookSender:
    """Delivers the events of an emulator while `running`.

    Each endpoint gets its events in the order they happened, whatever becomes of those of others;
    one that fails is tried again later and holds up none. No request waits for a delivery.

    Args:
        emulator: whose events.
        settings: the bounds.
    """

    def __init__(self, emulator: Emulator, settings: WebhookSettings) -> None:
        self._emulator = emulator
        self._settings = settings
        self._woken = asyncio.Event()
        emulator.wake = self._woken.set
        emulator.listen(self._hear)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Deliver for as long as the block lasts; what is under way at its end is broken off."""
        async with webhook_client(self._settings) as client:
            sending = asyncio.create_task(self._send(client))
            try:
                yield
            finally:
                sending.cancel()
                with suppress(asyncio.CancelledError):
                    await sending

    def _hear(self, event: Event) -> None:
        if event.pending:
            self._woken.set()

    async def _send(self, client: WebhookClient) -> None:
        while True:
            async with asyncio.TaskGroup() as group:
                lanes: _Lanes = {}
                account = self._emulator.account
                while account is self._emulator.account:
                    self._woken.clear()
                    self._start_lanes(client, group, lanes)
                    await self._wait()
                for lane in lanes.values():  # nobody waits for the events of before the reset
                    lane.cancel()

    def _start_lanes(self, client: WebhookClient, group: asyncio.TaskGroup, lanes: _Lanes) -> None:
        account = self._emulator.account
        now = account.clock.now()
        for queue in account.outbox:
            due = queue.due_at()
            if due is None or due > now:
                continue
            for number in range(self._settings.concurrency):
                running = lanes.get((queue.endpoint_id, number))
                if running is None or running.done():
                    lane = Lane(self._emulator, queue, client, self._settings)
                    lanes[queue.endpoint_id, number] = group.create_task(lane.empty())

    async def _wait(self) -> None:
        """Wait for news; time that passes makes none, so look from time to time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_SECONDS):
                await self._woken.wait()
