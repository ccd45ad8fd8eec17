"""The report of a reconciliation."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from payment_service.model.stripe_results import IntentSnapshot, UnreadableObject
from payment_service.reconciliation.judge import Action, Finding


class Difference(BaseModel):
    """A PaymentIntent that differs from its saga's payment, and the action taken."""

    saga_id: str
    payment_intent_id: str
    action: Action
    reason: str

    @classmethod
    def of(cls, intent: IntentSnapshot, finding: Finding) -> "Difference":
        """Build the line of a PaymentIntent."""
        return cls(
            saga_id=intent.saga_id,
            payment_intent_id=intent.payment_intent_id,
            action=finding.action,
            reason=finding.reason,
        )

    @classmethod
    def of_unreadable(cls, found: UnreadableObject) -> "Difference":
        """Build the line of a PaymentIntent that cannot be read."""
        return cls(
            saga_id=found.saga_id,
            payment_intent_id=found.object_id,
            action=Action.REPORT,
            reason=f"not readable: {found.reason}",
        )


class Report(BaseModel):
    """The report of a run.

    Attributes:
        id: The run's id, and the `causation_id` of the events that its repairs publish.
        since: PaymentIntents created at Stripe since then were compared.
        system: The mark of this installation's PaymentIntents; "" in reports of earlier versions.
        seen: The number of PaymentIntents compared; `not_ours` of them are other systems'.
        in_agreement: The number that match their payment.
        waiting: Those with an operation in progress, or too recent to judge.
        repaired: Those that were repaired. A refresh is performed by the executor shortly after.
        disputes_published: The number of disputes that had opened or ended without a webhook.
        disputes_not_read: The reason that disputes, or one of them, were not read; None if
            they were.
        not_repaired: Those that a person has to decide on.
    """

    id: UUID
    since: datetime
    system: str = ""
    seen: int = 0
    not_ours: int = 0
    in_agreement: int = 0
    disputes_published: int = 0
    disputes_not_read: str | None = None
    waiting: list[Difference] = Field(default_factory=list[Difference])
    repaired: list[Difference] = Field(default_factory=list[Difference])
    not_repaired: list[Difference] = Field(default_factory=list[Difference])

    def add(self, difference: Difference) -> None:
        """Add a PaymentIntent by its action; a release counts as repaired."""
        match difference.action:
            case Action.NONE:
                self.in_agreement += 1
            case Action.WAIT:
                self.waiting.append(difference)
            case Action.REPORT:
                self.not_repaired.append(difference)
            case Action.REFRESH | Action.RELEASE:
                self.repaired.append(difference)
