"""The reconciler: compares PaymentIntents with payments, repairs what is safe, reports the rest."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol
from uuid import UUID, uuid4

import structlog
from saga_messaging.postgres.database import Database

from payment_service.errors import StripeUnreadable
from payment_service.model.stripe_results import IntentSnapshot, UnreadableObject
from payment_service.reconciliation.comparison import Comparison, Scope
from payment_service.reconciliation.disputes import DisputeReconciler
from payment_service.reconciliation.evidence import NO_PERMISSION, Permission
from payment_service.reconciliation.judge import Action
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

    def intents_since(self, since: int) -> AsyncIterator[IntentSnapshot | UnreadableObject]:
        """Yield every PaymentIntent created since then, in seconds since 1970.

        Raises:
            StripeUnreadable: Stripe did not respond.
        """
        ...


@dataclass
class _Run:
    """A run: what it may do, what it found, and the holds to release at its end."""

    report: Report
    scope: Scope
    named: NamedHolds
    sagas: set[str] = field(default_factory=set[str])
    releases: list[Candidate] = field(default_factory=list[Candidate])

    def skip(self, found: UnreadableObject) -> None:
        """Report a PaymentIntent that cannot be read, if it has a mark of ours."""
        self.report.seen += 1
        if not found.saga_id or found.system not in self.scope.system.known:
            self.report.not_ours += 1
            return
        self.sagas.add(found.saga_id)
        self.report.add(Difference.of_unreadable(found))


class Reconciler:
    """Compares Stripe's PaymentIntents with the payments, the newest first; then releases.

    A PaymentIntent that cannot be read or compared is reported, and does not stop the others.

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
        self._installation = installation
        self._disputes = disputes
        self._comparison = Comparison(database, refresher, safety_seconds)
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
            except Exception:  # a reconciliation that fails does not end the process
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
            scope = Scope(report.id, system, permission)
            run = _Run(report, scope, NamedHolds(permission.release))
            async for page in self._pages(run):
                await self._compare(run, page)
            await self._releaser.release(report, run.releases, permission)
            await self._report_missing(run)
            run.named.add_to(report)
            await self._disputes.reconcile(report)
            return report

    async def _pages(self, run: _Run) -> AsyncIterator[list[IntentSnapshot]]:
        page: list[IntentSnapshot] = []
        async for intent in self._gateway.intents_since(int(run.report.since.timestamp())):
            if isinstance(intent, UnreadableObject):
                run.skip(intent)
                continue
            page.append(intent)
            if len(page) == PAGE_SIZE:
                yield page
                page = []
        yield page

    async def _compare(self, run: _Run, page: Sequence[IntentSnapshot]) -> None:
        findings = await self._comparison.compare(run.scope, page)
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
