"""A worker that delivers events to one endpoint: faults, attempts, retries."""

import asyncio
from math import ceil

from stripe_emulator.account.delivery_log import DeliveryAttempt, DeliveryOutcome
from stripe_emulator.account.outbox import Delivery, DeliveryQueue
from stripe_emulator.emulator import Emulator
from stripe_emulator.faults.fault import WEBHOOK, Fault
from stripe_emulator.objects.webhook_endpoint import WebhookEndpoint
from stripe_emulator.settings import WebhookSettings
from stripe_emulator.webhooks.client import PostResult, WebhookClient

_TWICE = "webhook_twice"
_NO_LONGER_KEPT = PostResult(error="the event is no longer kept")


class EndpointWorker:
    """A worker that delivers the due events of one endpoint, one after the other.

    Args:
        emulator: The emulator.
        queue: The deliveries of the endpoint.
        client: The HTTP client.
        settings: The bounds of deliveries.
    """

    def __init__(
        self,
        emulator: Emulator,
        queue: DeliveryQueue,
        client: WebhookClient,
        settings: WebhookSettings,
    ) -> None:
        self._emulator = emulator
        self._account = emulator.account
        self._queue = queue
        self._client = client
        self._settings = settings

    async def deliver_due(self) -> None:
        """Deliver until no delivery is due."""
        while self._emulator.account is self._account:
            await asyncio.sleep(0)  # let requests run between deliveries
            delivery = self._queue.take(self._now())
            if delivery is None:
                return
            endpoint = self._account.webhook_endpoints.get(delivery.endpoint_id)
            if endpoint is None or self._drop_if_not_kept(delivery, endpoint):
                continue
            if delivery.faults_applied or self._apply_fault(delivery, endpoint):
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

    def _drop_if_not_kept(self, delivery: Delivery, endpoint: WebhookEndpoint) -> bool:
        if self._account.events.get(delivery.event.id) is not None:
            return False
        self._queue.remove(delivery.event.id)
        self._log(delivery, endpoint, "failed", _NO_LONGER_KEPT)
        return True

    def _apply_fault(self, delivery: Delivery, endpoint: WebhookEndpoint) -> bool:
        """Apply faults to a delivery, once; return True if it is to be sent now."""
        delivery.faults_applied = True
        event = delivery.event
        fault = self._emulator.faults.take(WEBHOOK, event.type, event.id)
        if fault is None:
            return True
        delivery.fault = fault.kind
        match fault.kind:
            case "webhook_lost":
                self._end(delivery, endpoint, "lost", PostResult())
            case "webhook_late":
                self._queue.schedule(delivery, self._now() + _whole_seconds(fault))
            case "webhook_out_of_order":
                self._queue.hold(delivery, self._now() + self._settings.bounds.hold_seconds)
            case _:
                return True
        return False

    def _retry(self, delivery: Delivery, endpoint: WebhookEndpoint, response: PostResult) -> None:
        delivery.attempts += 1
        due = self._now() + self._settings.bounds.wait_seconds(delivery.attempts)
        again = not response.refused and delivery.attempts < self._settings.bounds.attempts
        if again and self._queue.schedule(delivery, due):
            self._log(delivery, endpoint, "retried", response, due)
        else:
            self._queue.remove(delivery.event.id)
            self._log(delivery, endpoint, "failed", response)

    def _end(
        self,
        delivery: Delivery,
        endpoint: WebhookEndpoint,
        outcome: DeliveryOutcome,
        response: PostResult,
    ) -> None:
        delivery.attempts += outcome == "delivered"
        self._emulator.mark_delivered(delivery.event, delivery.endpoint_id)
        self._log(delivery, endpoint, outcome, response)

    def _log(
        self,
        delivery: Delivery,
        endpoint: WebhookEndpoint,
        outcome: DeliveryOutcome,
        response: PostResult,
        next_attempt_at: int | None = None,
    ) -> None:
        attempt = DeliveryAttempt(
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
