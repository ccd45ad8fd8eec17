"""The comparison of PaymentIntents with the payments of their sagas, page by page."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from saga_messaging.postgres.database import Database
from sqlalchemy import Connection

from payment_service.errors import describe
from payment_service.model.lease import Lease
from payment_service.model.stripe_results import IntentSnapshot
from payment_service.model.stripe_system import StripeSystem
from payment_service.reconciliation.evidence import Evidence, Permission
from payment_service.reconciliation.judge import Action, Finding, judge
from payment_service.storage import repository
from payment_service.storage.refresh import Refresher

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Scope:
    """The run that compares, the marks of this installation, and what a person allows."""

    run_id: UUID
    system: StripeSystem
    permission: Permission


class Comparison:
    """Judges PaymentIntents, and begins the refreshes of the payments that differ.

    Args:
        database: The payments.
        refresher: Begins the refreshes.
        safety_seconds: The difference that Stripe's clock and the database's may have.
    """

    def __init__(self, database: Database, refresher: Refresher, safety_seconds: float) -> None:
        self._database = database
        self._refresher = refresher
        self._safety_seconds = safety_seconds

    async def compare(
        self, scope: Scope, page: Sequence[IntentSnapshot]
    ) -> list[tuple[IntentSnapshot, Finding]]:
        """Return a finding for each PaymentIntent that is ours.

        One that cannot be compared is to be reported, and does not stop the others.
        """
        try:
            return await self._compare_together(scope, page)
        except Exception as error:
            if len(page) == 1:
                logger.exception("payment_intent_not_compared", id=page[0].payment_intent_id)
                return [(page[0], Finding(Action.REPORT, f"not comparable: {describe(error)}"))]
        return [found for intent in page for found in await self.compare(scope, [intent])]

    async def _compare_together(
        self, scope: Scope, page: Sequence[IntentSnapshot]
    ) -> list[tuple[IntentSnapshot, Finding]]:
        findings, leases = await self._database.transaction(
            lambda connection: self._judge(connection, scope, page)
        )
        self._refresher.offer(leases)
        return findings

    def _judge(
        self, connection: Connection, scope: Scope, page: Sequence[IntentSnapshot]
    ) -> tuple[list[tuple[IntentSnapshot, Finding]], list[Lease]]:
        evidence = self._evidence(connection, scope.system, page)
        created_before = time.time() - self._safety_seconds
        findings = [
            (
                intent,
                judge(
                    intent,
                    evidence.payments.get(intent.saga_id),
                    old_enough=intent.created <= created_before,
                    doubt=evidence.doubt(intent, scope.permission),
                ),
            )
            for intent in page
            if evidence.is_ours(intent)
        ]
        refresh = [intent.saga_id for intent, found in findings if found.action is Action.REFRESH]
        leases = self._refresher.begin(connection, evidence.payments, refresh, scope.run_id)
        return findings, leases

    def _evidence(
        self, connection: Connection, system: StripeSystem, page: Sequence[IntentSnapshot]
    ) -> Evidence:
        payments = repository.lock(connection, {found.saga_id for found in page if found.saga_id})
        orphaned = any(found.is_held and found.saga_id not in payments for found in page)
        first = repository.first_payment_at(connection) if orphaned else None
        return Evidence(system, payments, first, self._safety_seconds)
