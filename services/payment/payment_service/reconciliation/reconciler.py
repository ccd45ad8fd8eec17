"""The reconciler: compares PaymentIntents with payments, repairs what is safe, reports the rest."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol
from uuid import UUID, uuid4

import structlog
from saga_messaging.postgres.database import Database
from sqlalchemy import Connection

from payment_service.errors import StripeUnreadable
from payment_service.model.lease import Lease
from payment_service.model.stripe_results import IntentSnapshot
from payment_service.model.stripe_system import StripeSystem
from payment_service.reconciliation.disputes import DisputeReconciler
from payment_service.reconciliation.evidence import NO_PERMISSION, Evidence, Permission
from payment_service.reconciliation.judge import Action, Finding, judge
from payment_service.reconciliation.named import NamedHolds
from payment_service.reconciliation.release import Candidate, HoldReleaser, ReleasingGateway
from payment_service.reconciliation.report import Difference, Report
from payment_service.storage import repository
from payment_service.storage.installation import Installation
from payment_service.storage.refresh import Refresher

PAGE_SIZE: Final = 100

logger = structlog.get_logger(__name__)


class ReconciliationGateway(ReleasingGateway, Protocol):
    """The part of Stripe that the reconciler uses."""

    def intents_since(self, since: int) -> AsyncIterator[IntentSnapshot]:
        """Yield every PaymentIntent created since then, in seconds since 1970.

        Raises:
            StripeUnreadable: Stripe did not respond.
        """
        ...


@dataclass
class _Run:
    """A run: what it may do, what it found, and the holds to release at its end."""

    report: Report
    system: StripeSystem
    permission: Permission
    named: NamedHolds
    sagas: set[str] = field(default_factory=set[str])
    releases: list[Candidate] = field(default_factory=list[Candidate])


class Reconciler:
    """Compares Stripe's PaymentIntents with the payments, the newest first; then releases.

    One run at a time in a process. Repeated runs, and runs on several replicas, are safe: the
    executor performs the refreshes, and a release has one idempotency key.
    """

    def __init__(  # noqa: PLR0913 - its parts, and the limits of its work
        self,
        database: Database,
        gateway: ReconciliationGateway,
        refresher: Refresher,
        installation: Installation,
        disputes: DisputeReconciler,
        *,
        interval_seconds: float,
        window_seconds: float,
        safety_seconds: float,
        release_limit: int,
    ) -> None:
        self._database = database
        self._gateway = gateway
        self._refresher = refresher
        self._installation = installation
        self._disputes = disputes
        self._releaser = HoldReleaser(database, gateway, release_limit)
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
            except Exception:  # one object of Stripe's that cannot be read does not end the process
                logger.exception("reconciliation_failed")
            else:
                logger.info("reconciliation_completed", **report.model_dump(mode="json"))

    async def reconcile(
        self,
        since: datetime | None = None,
        run_id: UUID | None = None,
        permission: Permission = NO_PERMISSION,
    ) -> Report:
        """Compare the PaymentIntents created since then, or within the window.

        Args:
            since: An aware datetime; None for the window.
            run_id: The report's id; None for a new one.
            permission: The releases that a person allows.

        Raises:
            StripeUnreadable: Nothing, or only a part, was compared; nothing was released.
        """
        async with self._one_at_a_time:
            since = since or datetime.now(UTC) - self._window
            system = await self._installation.confirm()
            report = Report(id=run_id or uuid4(), since=since, system=system.mark)
            run = _Run(report, system, permission, NamedHolds(permission.release))
            async for page in self._pages(int(since.timestamp())):
                await self._compare(run, page)
            await self._releaser.release(report, run.releases, permission)
            await self._report_missing(run)
            run.named.add_to(report)
            await self._disputes.reconcile(report)
            return report

    async def _pages(self, since: int) -> AsyncIterator[list[IntentSnapshot]]:
        page: list[IntentSnapshot] = []
        async for intent in self._gateway.intents_since(since):
            page.append(intent)
            if len(page) == PAGE_SIZE:
                yield page
                page = []
        yield page

    async def _compare(self, run: _Run, page: Sequence[IntentSnapshot]) -> None:
        findings, leases = await self._database.transaction(
            lambda connection: self._judge(connection, run, page)
        )
        self._refresher.offer(leases)
        run.named.see(page, {intent.payment_intent_id for intent, _ in findings})
        run.report.seen += len(page)
        run.report.not_ours += len(page) - len(findings)
        for intent, finding in findings:
            run.sagas.add(intent.saga_id)
            difference = Difference.of(intent, finding)
            if finding.action is Action.RELEASE:
                run.releases.append(Candidate(intent, difference))
            else:
                run.report.add(difference)

    def _judge(
        self, connection: Connection, run: _Run, page: Sequence[IntentSnapshot]
    ) -> tuple[list[tuple[IntentSnapshot, Finding]], list[Lease]]:
        evidence = self._evidence(connection, run.system, page)
        created_before = time.time() - self._safety_seconds
        findings = [
            (
                intent,
                judge(
                    intent,
                    evidence.payments.get(intent.saga_id),
                    old_enough=intent.created <= created_before,
                    doubt=evidence.doubt(intent, run.permission),
                ),
            )
            for intent in page
            if evidence.is_ours(intent)
        ]
        refresh = [intent.saga_id for intent, found in findings if found.action is Action.REFRESH]
        leases = self._refresher.begin(connection, evidence.payments, refresh, run.report.id)
        return findings, leases

    def _evidence(
        self, connection: Connection, system: StripeSystem, page: Sequence[IntentSnapshot]
    ) -> Evidence:
        payments = repository.lock(connection, {found.saga_id for found in page if found.saga_id})
        orphaned = any(found.is_held and found.saga_id not in payments for found in page)
        first = repository.first_payment_at(connection) if orphaned else None
        return Evidence(system, payments, first, self._safety_seconds)

    async def _report_missing(self, run: _Run) -> None:
        until = datetime.now(UTC) - timedelta(seconds=self._safety_seconds)
        held = await self._database.transaction(
            lambda connection: repository.held_between(connection, run.report.since, until)
        )
        run.report.not_repaired += [
            Difference(
                saga_id=row.saga_id,
                payment_intent_id=row.payment_intent_id,
                action=Action.REPORT,
                reason="the payment is authorized, and Stripe has no PaymentIntent for its saga",
            )
            for row in held
            if row.saga_id not in run.sagas
        ]
