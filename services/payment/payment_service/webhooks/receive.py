"""Stripe's own voice: an event is stored once, and has its payment compared with Stripe."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from saga_messaging.batcher import Batcher
from saga_messaging.database import Database
from saga_messaging.outbox import Outbox
from saga_messaging.records import Outgoing
from sqlalchemy import Connection

from payment_service.model import events
from payment_service.model.payment import KnownPayment
from payment_service.model.ports import Lease
from payment_service.storage import repository
from payment_service.storage.refresh import Refresher
from payment_service.stripe_api.errors import saga_id_of
from payment_service.webhooks.event import DISPUTED, Notice, intent_id_of, is_news

BATCH_SIZE = 100

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Done:
    effects: list[str]
    events: list[Outgoing]
    leases: list[Lease]


@dataclass(frozen=True, slots=True)
class _Heard:
    """A notice, and whose it may be."""

    notice: Notice
    intent_id: str | None = None
    saga_id: str = ""

    @classmethod
    def of(cls, notice: Notice) -> "_Heard":
        if not notice.is_heeded:
            return cls(notice)
        about = notice.about
        return cls(notice, intent_id_of(about), saga_id_of(about.metadata))

    def payment(self, known: dict[str, KnownPayment]) -> KnownPayment | None:
        """The payment of this PaymentIntent, or the one that may yet turn out to have it."""
        for each in known.values():
            if self.intent_id and each.payment_intent_id == self.intent_id:
                return each
        by_saga = known.get(self.saga_id)
        return by_saga if by_saga and by_saga.payment_intent_id is None else None


class Webhooks:
    """Takes events of Stripe; each has its effect once, however often it comes.

    What comes while others are stored shares the next transaction. Once `receive` returns, the
    event is stored and what it leads to is under way, whatever dies then.
    """

    def __init__(
        self, database: Database, outbox: Outbox, refresher: Refresher, give_up_seconds: float
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._refresher = refresher
        self._give_up_seconds = give_up_seconds
        self._batches = Batcher[_Heard, str](self._receive, BATCH_SIZE)

    async def receive(self, notice: Notice) -> str:
        """Store the event and what it leads to; returns that in a few words.

        Raises:
            pydantic.ValidationError: Its object is none of Stripe's.
            DatabaseUnavailable: Stripe will send it again.
        """
        return await self._batches.submit(_Heard.of(notice))

    async def _receive(self, batch: Sequence[_Heard]) -> list[str]:
        done = await self._database.transaction(
            lambda connection: self._apply(connection, batch),
            give_up_after_seconds=self._give_up_seconds,
        )
        self._outbox.offer(done.events)
        self._refresher.offer(done.leases)
        for heard, effect in zip(batch, done.effects, strict=True):
            logger.info(
                "stripe_event", event_id=heard.notice.id, type=heard.notice.type, effect=effect
            )
        return done.effects

    def _apply(self, connection: Connection, batch: Sequence[_Heard]) -> _Done:
        intents = {heard.intent_id for heard in batch if heard.intent_id}
        sagas = {heard.saga_id for heard in batch if heard.saga_id}
        known = repository.lock_of_intents(connection, intents, sagas) if intents else {}
        effects: list[str] = []
        events: list[Outgoing] = []
        refresh: set[str] = set()
        for heard in batch:
            payment = heard.payment(known)
            effect = _effect(heard.notice, payment)
            if not _store(connection, heard, payment, effect):
                effect = "came before"
            elif payment and heard.notice.type == DISPUTED:
                events.append(Outgoing.of(_dispute(heard.notice, payment)))
            elif payment and effect == LOOKED_AT:
                refresh.add(payment.saga_id)
            effects.append(effect)
        leases = self._refresher.begin(connection, known, refresh)
        return _Done(effects, self._outbox.store(connection, events), leases)


LOOKED_AT = "the payment is looked at"


def _effect(notice: Notice, payment: KnownPayment | None) -> str:
    if not notice.is_heeded:
        return "of no interest"
    if payment is None:
        return "of no payment of ours"
    if notice.type == DISPUTED:
        return "told: payment.disputed"
    return LOOKED_AT if is_news(payment, notice) else "no news"


def _store(
    connection: Connection, heard: _Heard, payment: KnownPayment | None, effect: str
) -> bool:
    return repository.store_event(
        connection,
        event_id=heard.notice.id,
        type=heard.notice.type,
        created=heard.notice.created,
        payment_intent_id=heard.intent_id,
        saga_id=payment and payment.saga_id,
        effect=effect,
    )


def _dispute(notice: Notice, payment: KnownPayment) -> events.Event:
    about = notice.about
    return events.disputed(payment, about.id, about.amount, about.reason or "")
