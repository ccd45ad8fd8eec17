"""The reconciler: compares PaymentIntents with payments, repairs what is safe, reports the rest."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol
from uuid import UUID, uuid4

import structlog
from saga_messaging.postgres.database import Database
from sqlalchemy import Connection

from payment_service.errors import StripeUnreadable
from payment_service.model.authorization import idempotency_key
from payment_service.model.lease import Lease
from payment_service.model.payment import Payment, PaymentStatus
from payment_service.model.ports import HoldResponse
from payment_service.model.stripe_results import IntentSnapshot
from payment_service.reconciliation.judge import Action, Finding, judge
from payment_service.reconciliation.report import Difference, Report
from payment_service.storage import repository
from payment_service.storage.refresh import Refresher

PAGE_SIZE: Final = 100

logger = structlog.get_logger(__name__)


class ReconciliationGateway(Protocol):
    """The part of Stripe that the reconciler uses."""

    def intents_since(self, since: int) -> AsyncIterator[IntentSnapshot]:
        """Yield every PaymentIntent created since then, in seconds since 1970.

        Raises:
            StripeUnreadable: Stripe did not respond.
        """
        ...

    async def release(self, payment_intent_id: str, idempotency_key: str) -> HoldResponse:
        """Cancel a PaymentIntent that no payment refers to."""
        ...


class Reconciler:
    """Compares Stripe's PaymentIntents with the payments, the newest first.

    One run at a time in a process. Repeated runs, and runs on several replicas, are safe: the
    executor performs the refreshes, and a release has one idempotency key.
    """

    def __init__(  # noqa: PLR0913 - its parts, and the three times that bound it
        self,
        database: Database,
        gateway: ReconciliationGateway,
        refresher: Refresher,
        *,
        interval_seconds: float,
        window_seconds: float,
        safety_seconds: float,
    ) -> None:
        self._database = database
        self._gateway = gateway
        self._refresher = refresher
        self._interval_seconds = interval_seconds
        self._window = timedelta(seconds=window_seconds)
        self._safety_seconds = safety_seconds
        self._one_at_a_time = asyncio.Lock()

    async def run(self) -> None:
        """Reconcile periodically, until canceled; the first run is after one interval."""
        while True:
            await asyncio.sleep(self._interval_seconds)
            try:
                report = await self.reconcile()
            except StripeUnreadable as error:
                logger.warning("reconciliation_failed", reason=str(error))
            else:
                logger.info("reconciliation_completed", **report.model_dump(mode="json"))

    async def reconcile(self, since: datetime | None = None, run_id: UUID | None = None) -> Report:
        """Compare the PaymentIntents created since then, or within the window.

        Args:
            since: An aware datetime; None for the window.
            run_id: The report's id; None for a new one.

        Raises:
            StripeUnreadable: Nothing, or only a part, was compared.
        """
        async with self._one_at_a_time:
            since = since or datetime.now(UTC) - self._window
            report = Report(id=run_id or uuid4(), since=since)
            sagas: set[str] = set()
            async for page in self._pages(int(report.since.timestamp())):
                sagas |= {intent.saga_id for intent in page}
                await self._compare(report, page)
            await self._report_missing(report, sagas)
            return report

    async def _pages(self, since: int) -> AsyncIterator[list[IntentSnapshot]]:
        page: list[IntentSnapshot] = []
        async for intent in self._gateway.intents_since(since):
            page.append(intent)
            if len(page) == PAGE_SIZE:
                yield page
                page = []
        yield page

    async def _compare(self, report: Report, page: Sequence[IntentSnapshot]) -> None:
        ours = [intent for intent in page if intent.saga_id]
        findings, leases = await self._database.transaction(
            lambda connection: self._judge(connection, ours, report.id)
        )
        self._refresher.offer(leases)
        report.seen += len(page)
        report.not_ours += len(page) - len(ours)
        for intent, finding in zip(ours, findings, strict=True):
            await self._act(report, intent, finding)

    def _judge(
        self, connection: Connection, page: Sequence[IntentSnapshot], cause: UUID
    ) -> tuple[list[Finding], list[Lease]]:
        payments = repository.lock(connection, {intent.saga_id for intent in page})
        created_before = time.time() - self._safety_seconds
        findings = [
            judge(
                intent,
                payments.get(intent.saga_id),
                old_enough=intent.created <= created_before,
            )
            for intent in page
        ]
        both = list(zip(page, findings, strict=True))
        orphans = {
            intent.saga_id: _tombstone(intent)
            for intent, finding in both
            if finding.action is Action.RELEASE and intent.saga_id not in payments
        }
        repository.store(connection, list(orphans.values()), {}, 0)
        refresh = [intent.saga_id for intent, finding in both if finding.action is Action.REFRESH]
        return findings, self._refresher.begin(connection, payments, refresh, cause)

    async def _act(self, report: Report, intent: IntentSnapshot, finding: Finding) -> None:
        difference = Difference(
            saga_id=intent.saga_id,
            payment_intent_id=intent.payment_intent_id,
            action=finding.action,
            reason=finding.reason,
        )
        match finding.action:
            case Action.NONE:
                report.in_agreement += 1
            case Action.WAIT:
                report.waiting.append(difference)
            case Action.REPORT:
                report.not_repaired.append(difference)
            case Action.REFRESH:
                report.repaired.append(difference)
            case Action.RELEASE:
                await self._release(report, difference)

    async def _release(self, report: Report, difference: Difference) -> None:
        key = idempotency_key(difference.payment_intent_id, "release")
        response = await self._gateway.release(difference.payment_intent_id, key)
        if isinstance(response, IntentSnapshot) and response.status == "canceled":
            report.repaired.append(difference)
        else:
            reason = f"{difference.reason}; it was not released: {response}"
            report.not_repaired.append(difference.model_copy(update={"reason": reason}))

    async def _report_missing(self, report: Report, sagas: set[str]) -> None:
        until = datetime.now(UTC) - timedelta(seconds=self._safety_seconds)
        held = await self._database.transaction(
            lambda connection: repository.held_between(connection, report.since, until)
        )
        report.not_repaired += [
            Difference(
                saga_id=row.saga_id,
                payment_intent_id=row.payment_intent_id,
                action=Action.REPORT,
                reason="the payment is authorized, and Stripe has no PaymentIntent for its saga",
            )
            for row in held
            if row.saga_id not in sagas
        ]


def _tombstone(intent: IntentSnapshot) -> Payment:
    """Build the tombstone to store before the release: the saga may not authorize any more."""
    return Payment(
        intent.saga_id,
        None,
        PaymentStatus.CANCELED,
        intent.payment_intent_id,
        released=intent.amount,
        is_new=True,
    )
