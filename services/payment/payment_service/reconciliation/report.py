"""The report of a reconciliation."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from payment_service.reconciliation.judge import Action


class Difference(BaseModel):
    """A PaymentIntent that differs from its saga's payment, and the action taken."""

    saga_id: str
    payment_intent_id: str
    action: Action
    reason: str


class Report(BaseModel):
    """The report of a run.

    Attributes:
        id: The run's id, and the `causation_id` of the events that its repairs publish.
        since: PaymentIntents created at Stripe since then were compared.
        seen: The number of PaymentIntents compared; `not_ours` of them name no saga.
        in_agreement: The number that match their payment.
        waiting: Those with an operation in progress, or too recent to judge.
        repaired: Those that were repaired. A refresh is performed by the executor shortly after.
        not_repaired: Those that a person has to decide on.
    """

    id: UUID
    since: datetime
    seen: int = 0
    not_ours: int = 0
    in_agreement: int = 0
    waiting: list[Difference] = Field(default_factory=list[Difference])
    repaired: list[Difference] = Field(default_factory=list[Difference])
    not_repaired: list[Difference] = Field(default_factory=list[Difference])
