"""Releasing holds that no payment has, at most a number of them in one run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from saga_messaging.postgres.database import Database
from sqlalchemy import Connection

from payment_service.errors import describe
from payment_service.model.authorization import idempotency_key
from payment_service.model.payment import Payment, PaymentStatus
from payment_service.model.ports import HoldResponse
from payment_service.model.stripe_results import IntentSnapshot
from payment_service.reconciliation.evidence import Permission
from payment_service.reconciliation.judge import Action, judge
from payment_service.reconciliation.report import Difference, Report
from payment_service.storage import repository

PAGE_SIZE: Final = 100


class ReleasingGateway(Protocol):
    """The part of Stripe that releases holds."""

    async def release(self, payment_intent_id: str, idempotency_key: str) -> HoldResponse:
        """Cancel a PaymentIntent that no payment refers to."""
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A hold to release, and its line in the report."""

    intent: IntentSnapshot
    difference: Difference


class HoldReleaser:
    """Releases holds. More than `limit` are a sign of wrong records: then it releases none."""

    def __init__(self, database: Database, gateway: ReleasingGateway, limit: int) -> None:
        self._database = database
        self._gateway = gateway
        self._limit = limit

    async def release(
        self, report: Report, candidates: Sequence[Candidate], permission: Permission
    ) -> None:
        """Release the candidates and those that a person named; add each to the report."""
        limit = self._limit if permission.release_limit is None else permission.release_limit
        named, others = list[Candidate](), list[Candidate]()
        for found in candidates:
            is_named = found.intent.payment_intent_id in permission.release
            (named if is_named else others).append(found)
        if len(others) > limit:
            reason = f"{len(others)} holds would be released, and the limit is {limit}: none is"
            report.not_repaired += [_unreleased(found.difference, reason) for found in others]
            others = []
        allowed = [*named, *others]
        for start in range(0, len(allowed), PAGE_SIZE):
            await self._release_page(report, allowed[start : start + PAGE_SIZE])

    async def _release_page(self, report: Report, page: Sequence[Candidate]) -> None:
        try:
            orphans = await self._database.transaction(
                lambda connection: _store_tombstones(connection, page)
            )
        except Exception as error:  # noqa: BLE001 - of one hold, and reported
            await self._release_alone(report, page, error)
            return
        for found in page:
            if found.intent.payment_intent_id in orphans:
                await self._release(report, found.difference)
            else:
                report.waiting.append(found.difference)

    async def _release_alone(
        self, report: Report, page: Sequence[Candidate], error: Exception
    ) -> None:
        """Release the holds one by one; one whose tombstone cannot be stored is not released."""
        if len(page) == 1:
            reason = f"it was not released: {describe(error)}"
            report.not_repaired.append(_unreleased(page[0].difference, reason))
            return
        for found in page:
            await self._release_page(report, [found])

    async def _release(self, report: Report, difference: Difference) -> None:
        key = idempotency_key(difference.payment_intent_id, "release")
        response = await self._gateway.release(difference.payment_intent_id, key)
        if isinstance(response, IntentSnapshot) and response.status == "canceled":
            report.repaired.append(difference)
        else:
            report.not_repaired.append(_unreleased(difference, f"it was not released: {response}"))


def _store_tombstones(connection: Connection, page: Sequence[Candidate]) -> set[str]:
    """Store a tombstone for each saga without a payment; return the PaymentIntents to release.

    A hold that a payment has meanwhile is not among them.
    """
    payments = repository.lock(connection, {found.intent.saga_id for found in page})
    orphans = [
        found.intent
        for found in page
        if judge(found.intent, payments.get(found.intent.saga_id), old_enough=True).action
        is Action.RELEASE
    ]
    new = {
        intent.saga_id: _tombstone(intent) for intent in orphans if intent.saga_id not in payments
    }
    repository.store(connection, list(new.values()), {}, 0)
    return {intent.payment_intent_id for intent in orphans}


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


def _unreleased(difference: Difference, reason: str) -> Difference:
    return difference.model_copy(
        update={"action": Action.REPORT, "reason": f"{difference.reason}; {reason}"}
    )
