"""Compares what Stripe has with the payments, repairs what is safe, and reports what is not."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol
from uuid import UUID, uuid4

import structlog
from saga_messaging.database import Database
from sqlalchemy import Connection

from payment_service.errors import StripeUnreadable
from payment_service.model.authorization import idempotency_key
from payment_service.model.payment import KnownPayment, Status
from payment_service.model.ports import Lease, Settled
from payment_service.model.stripe_results import Seen
from payment_service.reconciliation.judge import Action, Judgement, judge
from payment_service.reconciliation.report import Difference, Report
from payment_service.storage import repository
from payment_service.storage.refresh import Refresher

PAGE_SIZE: Final = 100

logger = structlog.get_logger(__name__)


class Releases(Protocol):
    """What the reconciler needs of Stripe."""

    def seen_since(self, since: int) -> AsyncIterator[Seen]:
        """Every PaymentIntent made since then, in seconds since 1970.

        Raises:
            StripeUnreadable: Stripe gave no answer.
        """
        ...

    async def release(self, payment_intent_id: str, idempotency_key: str) -> Settled:
        """Cancel a PaymentIntent that no payment has."""
        ...


class Reconciler:
    """Goes through Stripe's PaymentIntents, the newest first; one run at a time in a process.

    Running it again, or on several replicas, does no harm: a refresh is the executor's, and a
    release has one key.
    """

    def __init__(  # noqa: PLR0913 - its parts, and the three times that bound it
        self,
        database: Database,
        gateway: Releases,
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
        """Reconcile for ever, first after a pause."""
        while True:
            await asyncio.sleep(self._interval_seconds)
            try:
                report = await self.reconcile()
            except StripeUnreadable as error:
                logger.warning("not_reconciled", reason=str(error))
            else:
                logger.info("reconciled", **report.model_dump(mode="json"))

    async def reconcile(self, since: datetime | None = None, run_id: UUID | None = None) -> Report:
        """Compare what was made at Stripe since then, or in the usual window.

        Args:
            since: Aware.
            run_id: The report's id; None for a new one.

        Raises:
            StripeUnreadable: Nothing, or only a part, was compared.
        """
        async with self._one_at_a_time:
            since = since or datetime.now(UTC) - self._window
            report = Report(id=run_id or uuid4(), since=since)
            sagas: set[str] = set()
            async for page in self._pages(int(report.since.timestamp())):
                sagas |= {seen.saga_id for seen in page}
                await self._compare(report, page)
            await self._find_missing(report, sagas)
            return report

    async def _pages(self, since: int) -> AsyncIterator[list[Seen]]:
        page: list[Seen] = []
        async for seen in self._gateway.seen_since(since):
            page.append(seen)
            if len(page) == PAGE_SIZE:
                yield page
                page = []
        yield page

    async def _compare(self, report: Report, page: Sequence[Seen]) -> None:
        ours = [seen for seen in page if seen.saga_id]
        judgements, leases = await self._database.transaction(
            lambda connection: self._judge(connection, ours, report.id)
        )
        self._refresher.offer(leases)
        report.seen += len(page)
        report.not_ours += len(page) - len(ours)
        for seen, judgement in zip(ours, judgements, strict=True):
            await self._act(report, seen, judgement)

    def _judge(
        self, connection: Connection, page: Sequence[Seen], cause: UUID
    ) -> tuple[list[Judgement], list[Lease]]:
        known = repository.lock(connection, {seen.saga_id for seen in page})
        now = time.time()
        judgements = [
            judge(
                seen, known.get(seen.saga_id), old_enough=seen.created <= now - self._safety_seconds
            )
            for seen in page
        ]
        both = list(zip(page, judgements, strict=True))
        orphans = {
            seen.saga_id: _tombstone(seen)
            for seen, judgement in both
            if judgement.action is Action.RELEASE and seen.saga_id not in known
        }
        repository.store(connection, list(orphans.values()), {}, 0)
        refresh = [seen.saga_id for seen, each in both if each.action is Action.REFRESH]
        return judgements, self._refresher.begin(connection, known, refresh, cause)

    async def _act(self, report: Report, seen: Seen, judgement: Judgement) -> None:
        line = Difference(
            saga_id=seen.saga_id,
            payment_intent_id=seen.payment_intent_id,
            action=judgement.action,
            reason=judgement.reason,
        )
        match judgement.action:
            case Action.NONE:
                report.in_agreement += 1
            case Action.WAIT:
                report.waiting.append(line)
            case Action.REPORT:
                report.not_repaired.append(line)
            case Action.REFRESH:
                report.repaired.append(line)
            case Action.RELEASE:
                await self._release(report, line)

    async def _release(self, report: Report, line: Difference) -> None:
        key = idempotency_key(line.payment_intent_id, "release")
        answer = await self._gateway.release(line.payment_intent_id, key)
        if isinstance(answer, Seen) and answer.status == "canceled":
            report.repaired.append(line)
        else:
            because = f"{line.reason}; it was not released: {answer}"
            report.not_repaired.append(line.model_copy(update={"reason": because}))

    async def _find_missing(self, report: Report, sagas: set[str]) -> None:
        until = datetime.now(UTC) - timedelta(seconds=self._safety_seconds)
        held = await self._database.transaction(
            lambda connection: repository.held_between(connection, report.since, until)
        )
        report.not_repaired += [
            Difference(
                saga_id=row.saga_id,
                payment_intent_id=row.payment_intent_id,
                action=Action.REPORT,
                reason="the payment is authorized, and Stripe has no PaymentIntent of its saga",
            )
            for row in held
            if row.saga_id not in sagas
        ]


def _tombstone(seen: Seen) -> KnownPayment:
    """Stored before the hold is released: from then on nothing may be authorized for the saga."""
    return KnownPayment(
        seen.saga_id,
        None,
        Status.CANCELED,
        seen.payment_intent_id,
        released=seen.amount,
        is_new=True,
    )
