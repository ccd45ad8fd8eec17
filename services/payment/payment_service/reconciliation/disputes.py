"""Reconciliation of disputes: what webhooks lost is read from Stripe."""

from collections.abc import AsyncIterator, Sequence
from typing import Final, Protocol

import structlog
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.kafka.records import Outgoing
from saga_messaging.postgres.database import Database
from sqlalchemy import Connection

from payment_service.errors import StripeUnreadable, describe
from payment_service.model.disputes import Dispute
from payment_service.model.stripe_results import UnreadableObject
from payment_service.reconciliation.report import Report
from payment_service.storage import disputes, repository

PAGE_SIZE: Final = 100

logger = structlog.get_logger(__name__)


class DisputeGateway(Protocol):
    """The part of Stripe that reads disputes."""

    def since(self, since: int) -> AsyncIterator[Dispute | UnreadableObject]:
        """Yield every dispute created since then, in seconds since 1970.

        Raises:
            StripeUnreadable: Stripe did not respond, or the key may not read disputes.
        """
        ...

    async def get(self, dispute_id: str) -> Dispute | UnreadableObject | None:
        """Read a dispute; None if Stripe does not have it.

        Raises:
            StripeUnreadable: Stripe did not respond, or the key may not read disputes.
        """
        ...


class DisputeReconciler:
    """Records disputes of the period, and the ends of at most `open_limit` that are open."""

    def __init__(
        self, database: Database, gateway: DisputeGateway, outbox: Outbox, open_limit: int
    ) -> None:
        self._database = database
        self._gateway = gateway
        self._outbox = outbox
        self._open_limit = open_limit

    async def reconcile(self, report: Report) -> None:
        """Publish the disputes that opened or ended without a webhook.

        If Stripe does not let them be read, the report says so: the key of the payments may lack
        the permission.
        """
        try:
            await self._reconcile(report)
        except StripeUnreadable as error:
            logger.warning("disputes_not_read", reason=str(error))
            report.disputes_not_read = str(error)

    async def _reconcile(self, report: Report) -> None:
        open_ids = await self._database.transaction(
            lambda connection: disputes.open_disputes(connection, self._open_limit)
        )
        page, seen = list[Dispute](), set[str]()
        async for dispute in self._gateway.since(int(report.since.timestamp())):
            if isinstance(dispute, UnreadableObject):
                _skip(report, dispute)
                continue
            seen.add(dispute.dispute_id)
            page.append(dispute)
            if len(page) == PAGE_SIZE:
                await self._record(report, page)
                page = []
        for dispute_id in open_ids:
            found = None if dispute_id in seen else await self._gateway.get(dispute_id)
            if isinstance(found, UnreadableObject):
                _skip(report, found)
            elif found:
                page.append(found)
        if open_ids:
            await self._database.transaction(
                lambda connection: disputes.note_read(connection, open_ids)
            )
        await self._record(report, page)

    async def _record(self, report: Report, page: Sequence[Dispute]) -> None:
        try:
            outgoing = await self._database.transaction(
                lambda connection: self._store(connection, page)
            )
        except Exception as error:  # noqa: BLE001 - of one dispute, and reported
            await self._record_alone(report, page, error)
            return
        self._outbox.offer(outgoing)
        report.disputes_published += len(outgoing)

    async def _record_alone(
        self, report: Report, page: Sequence[Dispute], error: Exception
    ) -> None:
        """Record the disputes one by one; one that cannot be stored does not stop the others."""
        if len(page) == 1:
            logger.warning("dispute_not_recorded", id=page[0].dispute_id, reason=describe(error))
            report.disputes_not_read = f"{page[0].dispute_id}: {describe(error)}"
            return
        for dispute in page:
            await self._record(report, [dispute])

    def _store(self, connection: Connection, page: Sequence[Dispute]) -> list[Outgoing]:
        intents = {found.payment_intent_id for found in page if found.payment_intent_id}
        payments = repository.lock_of_intents(connection, intents, ())
        by_intent = {payment.payment_intent_id: payment for payment in payments.values()}
        ours = [
            (by_intent[found.payment_intent_id], found)
            for found in page
            if found.payment_intent_id in by_intent
        ]
        events = [event for events in disputes.record(connection, ours) for event in events]
        return self._outbox.store(connection, events)


def _skip(report: Report, found: UnreadableObject) -> None:
    logger.warning("dispute_not_readable", id=found.object_id, reason=found.reason)
    report.disputes_not_read = f"{found.object_id}: {found.reason}"
