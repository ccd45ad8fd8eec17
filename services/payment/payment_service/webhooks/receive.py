"""Receiving webhooks: an event is stored once, and its payment is refreshed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.kafka.records import Outgoing
from saga_messaging.postgres.batcher import Batcher
from saga_messaging.postgres.database import Database
from sqlalchemy import Connection

from payment_service.model.disputes import Dispute
from payment_service.model.lease import Lease
from payment_service.model.payment import Payment
from payment_service.storage import disputes, repository
from payment_service.storage.refresh import Refresher
from payment_service.stripe_api.fields import saga_id_of
from payment_service.webhooks.event import DISPUTED, WebhookEvent

BATCH_SIZE: Final = 100
REFRESH_SCHEDULED: Final = "refresh scheduled"

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Stored:
    effects: list[str]
    events: list[Outgoing]
    leases: list[Lease]


@dataclass(frozen=True, slots=True)
class _Received:
    """An event, with the PaymentIntent and the saga that its object names."""

    event: WebhookEvent
    intent_id: str | None = None
    saga_id: str = ""
    dispute: Dispute | None = None

    @classmethod
    def of(cls, event: WebhookEvent) -> "_Received":
        if not event.is_relevant:
            return cls(event)
        subject = event.subject
        dispute = event.dispute() if event.type in DISPUTED else None
        return cls(event, subject.intent_id, saga_id_of(subject.metadata), dispute)

    def payment(self, payments: Mapping[str, Payment]) -> Payment | None:
        """Return the payment of the PaymentIntent, or the saga's that has none yet."""
        for payment in payments.values():
            if self.intent_id and payment.payment_intent_id == self.intent_id:
                return payment
        by_saga = payments.get(self.saga_id)
        return by_saga if by_saga and by_saga.payment_intent_id is None else None


class WebhookReceiver:
    """Receives Stripe events; each has one effect, however often it is delivered.

    Events that arrive during a write share the next transaction. Once `receive` returns, the event
    is stored and its effect survives a crash.
    """

    def __init__(
        self, database: Database, outbox: Outbox, refresher: Refresher, give_up_seconds: float
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._refresher = refresher
        self._give_up_seconds = give_up_seconds
        self._batches = Batcher[_Received, str](self._receive, BATCH_SIZE)

    async def receive(self, event: WebhookEvent) -> str:
        """Store the event, begin its effect, and return a short description of it.

        Raises:
            pydantic.ValidationError: The event's object differs from Stripe's documentation.
            DatabaseUnavailable: PostgreSQL did not respond; Stripe will deliver the event again.
        """
        return await self._batches.submit(_Received.of(event))

    async def _receive(self, batch: Sequence[_Received]) -> list[str]:
        stored = await self._database.transaction(
            lambda connection: self._store(connection, batch),
            give_up_after_seconds=self._give_up_seconds,
        )
        self._outbox.offer(stored.events)
        self._refresher.offer(stored.leases)
        for received, effect in zip(batch, stored.effects, strict=True):
            event = received.event
            logger.info("stripe_event_received", event_id=event.id, type=event.type, effect=effect)
        return stored.effects

    def _store(self, connection: Connection, batch: Sequence[_Received]) -> _Stored:
        intents = {received.intent_id for received in batch if received.intent_id}
        sagas = {received.saga_id for received in batch if received.saga_id}
        payments = repository.lock_of_intents(connection, intents, sagas) if intents else {}
        effects: list[str] = []
        outgoing: list[Outgoing] = []
        refresh: set[str] = set()
        for received in batch:
            payment = received.payment(payments)
            effect = _effect(received.event, payment)
            if not _store_event(connection, received, payment, effect):
                effect = "duplicate"
            elif payment and received.dispute:
                (events,) = disputes.record(connection, [(payment, received.dispute)])
                outgoing += events
            elif payment and effect == REFRESH_SCHEDULED:
                refresh.add(payment.saga_id)
            effects.append(effect)
        leases = self._refresher.begin(connection, payments, refresh)
        return _Stored(effects, self._outbox.store(connection, outgoing), leases)


def _effect(event: WebhookEvent, payment: Payment | None) -> str:
    if not event.is_relevant:
        return "ignored"
    if payment is None:
        return "unknown payment"
    if event.type in DISPUTED:
        return "dispute recorded"
    return REFRESH_SCHEDULED if event.may_change(payment) else "no change"


def _store_event(
    connection: Connection, received: _Received, payment: Payment | None, effect: str
) -> bool:
    return repository.store_event(
        connection,
        event_id=received.event.id,
        type=received.event.type,
        created=received.event.created,
        payment_intent_id=received.intent_id,
        saga_id=payment and payment.saga_id,
        effect=effect,
    )
