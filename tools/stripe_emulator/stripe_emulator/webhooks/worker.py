"""One delivery after the other: what a fault makes of each, and what follows from its answer."""

import asyncio
from math import ceil

from stripe_emulator.account.delivery_log import Attempt, Outcome
from stripe_emulator.account.outbox import Delivery, Queue
from stripe_emulator.emulator import Emulator
from stripe_emulator.faults.fault import WEBHOOK, Fault
from stripe_emulator.objects.webhook_endpoint import WebhookEndpoint
from stripe_emulator.webhook_settings import WebhookSettings
from stripe_emulator.webhooks.client import Response, WebhookClient

_TWICE = "webhook_twice"
_FORGOTTEN = Response(error="the event is forgotten by now")


class Lane:
    """Delivers what is due for one endpoint.

    Args:
        emulator: whose events.
        queue: what the endpoint has to get.
        client: what posts.
        settings: the bounds.
    """

    def __init__(
        self, emulator: Emulator, queue: Queue, client: WebhookClient, settings: WebhookSettings
    ) -> None:
        self._emulator = emulator
        self._account = emulator.account
        self._queue = queue
        self._client = client
        self._settings = settings

    async def empty(self) -> None:
        """Deliver until nothing is due."""
        while self._emulator.account is self._account:
            await asyncio.sleep(0)  # requests have their turn, whatever comes of the delivery
            delivery = self._queue.take(self._now())
            if delivery is None:
                return
            endpoint = self._account.webhook_endpoints.get(delivery.endpoint_id)
            if endpoint is None or self._is_forgotten(delivery, endpoint):
                continue
            if delivery.admitted or self._admit(delivery, endpoint):
                await self._deliver(delivery, endpoint)

    async def _deliver(self, delivery: Delivery, endpoint: WebhookEndpoint) -> None:
        response = await self._client.post(endpoint, delivery.event)
        if not response.succeeded:
            self._retry(delivery, endpoint, response)
            return
        self._end(delivery, endpoint, "delivered", response)
        if delivery.fault == _TWICE:
            again = await self._client.post(endpoint, delivery.event)
            self._log(delivery, endpoint, "repeated", again)
        self._queue.release(delivery, self._now())

    def _is_forgotten(self, delivery: Delivery, endpoint: WebhookEndpoint) -> bool:
        if self._account.events.get(delivery.event.id) is not None:
            return False
        self._queue.remove(delivery.event.id)
        self._log(delivery, endpoint, "failed", _FORGOTTEN)
        return True

    def _admit(self, delivery: Delivery, endpoint: WebhookEndpoint) -> bool:
        """Let a fault hit a delivery, once; say whether it is to be sent now."""
        delivery.admitted = True
        event = delivery.event
        fault = self._emulator.faults.take(WEBHOOK, event.type, event.id)
        if fault is None:
            return True
        delivery.fault = fault.kind
        match fault.kind:
            case "webhook_lost":
                self._end(delivery, endpoint, "lost", Response())
            case "webhook_late":
                self._queue.schedule(delivery, self._now() + _whole_seconds(fault))
            case "webhook_out_of_order":
                self._queue.hold(delivery, self._now() + self._settings.hold_seconds)
            case _:
                return True
        return False

    def _retry(self, delivery: Delivery, endpoint: WebhookEndpoint, response: Response) -> None:
        delivery.attempts += 1
        due = self._now() + self._settings.wait_seconds(delivery.attempts)
        again = not response.refused and delivery.attempts < self._settings.attempts
        if again and self._queue.schedule(delivery, due):
            self._log(delivery, endpoint, "retried", response, due)
        else:
            self._queue.remove(delivery.event.id)
            self._log(delivery, endpoint, "failed", response)

    def _end(
        self, delivery: Delivery, endpoint: WebhookEndpoint, outcome: Outcome, response: Response
    ) -> None:
        delivery.attempts += outcome == "delivered"
        self._emulator.delivered(delivery.event, delivery.endpoint_id)
        self._log(delivery, endpoint, outcome, response)

    def _log(
        self,
        delivery: Delivery,
        endpoint: WebhookEndpoint,
        outcome: Outcome,
        response: Response,
        next_attempt_at: int | None = None,
    ) -> None:
        attempt = Attempt(
            event=delivery.event.id,
            type=delivery.event.type,
            endpoint=endpoint.id,
            url=endpoint.url,
            at=self._now(),
            attempt=delivery.attempts,
            outcome=outcome,
            status=response.status,
            error=response.error,
            next_attempt_at=next_attempt_at,
            fault=delivery.fault,
        )
        self._account.outbox.log.add(attempt)

    def _now(self) -> int:
        return self._account.clock.now()


def _whole_seconds(fault: Fault) -> int:
    return ceil(fault.seconds or 0)
