"""What a reconciliation found and did."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from payment_service.reconciliation.judge import Action


class Difference(BaseModel):
    """A PaymentIntent that differs from the payment of its saga, and what was done about it."""

    saga_id: str
    payment_intent_id: str
    action: Action
    reason: str


class Report(BaseModel):
    """A run.

    Attributes:
        id: Of the run; what a repair has the saga told of names it as `causation_id`.
        since: PaymentIntents made at Stripe since then were compared.
        seen: How many those were; `not_ours` name no saga.
        waiting: They have an operation under way, or are too young to be judged.
        repaired: A refresh is done by the executor, within its next moments.
        not_repaired: A person has to decide.
    """

    id: UUID
    since: datetime
    seen: int = 0
    not_ours: int = 0
    in_agreement: int = 0
    waiting: list[Difference] = Field(default_factory=list[Difference])
    repaired: list[Difference] = Field(default_factory=list[Difference])
    not_repaired: list[Difference] = Field(default_factory=list[Difference])
