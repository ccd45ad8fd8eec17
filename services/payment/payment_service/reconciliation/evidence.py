"""The evidence that a release needs: the hold is this installation's, and its records are whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from payment_service.model.payment import Payment
from payment_service.model.stripe_results import IntentSnapshot
from payment_service.model.stripe_system import StripeSystem


@dataclass(frozen=True, slots=True)
class Permission:
    """The word of a person for one run.

    Attributes:
        release: PaymentIntents to release although the evidence is not sufficient.
        release_limit: The maximum number of other releases; None for the setting's.
    """

    release: frozenset[str] = frozenset()
    release_limit: int | None = None


NO_PERMISSION = Permission()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about the origin of PaymentIntents.

    Attributes:
        system: The marks of this installation.
        payments: The payments of the PaymentIntents' sagas, by saga id.
        first_payment_at: When the oldest payment was stored; None if there is none.
        safety_seconds: The difference that Stripe's clock and the database's may have.
    """

    system: StripeSystem
    payments: Mapping[str, Payment]
    first_payment_at: datetime | None
    safety_seconds: float

    def is_ours(self, intent: IntentSnapshot) -> bool:
        """Return True if the PaymentIntent has a mark of ours, or a payment names it."""
        payment = self.payments.get(intent.saga_id)
        named = payment is not None and payment.payment_intent_id == intent.payment_intent_id
        return bool(intent.saga_id) and (named or intent.system in self.system.known)

    def doubt(self, intent: IntentSnapshot, permission: Permission) -> str:
        """Return the reason that a hold of ours may not be released, "" if it may.

        A hold that a payment names is known to the records. Any other must bear the mark of this
        installation, and be younger than its records. If its saga has no payment at all, it must
        be younger than the oldest payment too.
        """
        if intent.payment_intent_id in permission.release:
            return ""
        if intent.system in self.system.defaults:
            return f"its mark {intent.system!r} is a former default, which other systems have too"
        payment = self.payments.get(intent.saga_id)
        if payment and payment.payment_intent_id == intent.payment_intent_id:
            return ""
        return self._doubt_of_origin(intent, payment)

    def _doubt_of_origin(self, intent: IntentSnapshot, payment: Payment | None) -> str:
        if not self.system.has_made(intent.system, intent.installation):
            made_by = intent.installation or intent.system
            return f"installation {made_by!r} created it, and this one is {self._installation}"
        if payment:
            return self._doubt_of_age(intent, self.system.since)
        if self.first_payment_at is None:
            return "this database has no payments: it may be new or restored"
        return self._doubt_of_age(intent, max(self.system.since, self.first_payment_at))

    def _doubt_of_age(self, intent: IntentSnapshot, since: datetime) -> str:
        if intent.created < since.timestamp() + self.safety_seconds:
            return f"the records of this database begin at {since.isoformat(timespec='seconds')}"
        return ""

    @property
    def _installation(self) -> str:
        return repr(self.system.installation)
