"""GET /orders/{id}/why: what an order waits for, in one sentence, and the facts of it."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel
from saga_schemas.values import Failure, Identifier

from order_saga.domain import State
from order_saga.errors import OrderUnknown
from order_saga.explainer import Explainer
from order_saga.http import UnknownOrder, problem
from order_saga.situation import Consumer, Facts, LetterOf, Said, may_be_asked, resolutions
from order_saga.why import sentence


class WhyView(BaseModel):
    """Why an order stands where it does.

    Attributes:
        since: When it came into its state.
        until: When its time is over; null where nothing is waited for, or no time runs yet.
        attempt: Of its state; `tries` of those count since it was entered.
        command: The message that its state began with; `sent_at` is null until Kafka has it.
        consumers: Of its commands and of the replies; null where Kafka did not answer.
        dead_letters: That name it, and that nobody has dealt with; likewise.
        kafka: What is wrong with Kafka; null where it answered.
        may_be_asked: What the order can be asked for now.
        resolutions: How it may be ended by hand.
    """

    id: str
    sentence: str
    state: State
    parked: State | None
    since: datetime
    until: datetime | None
    overdue: bool
    attempt: int
    tries: int
    command: Said | None
    consumers: list[Consumer] | None
    dead_letters: list[LetterOf] | None
    kafka: str | None
    reason: Failure | None
    may_be_asked: list[str]
    resolutions: list[State]


def why_router(explainer: Explainer) -> APIRouter:
    """GET /orders/{id}/why."""
    router = APIRouter(tags=["operators"])

    @router.get("/orders/{order_id}/why", responses={404: problem("There is no such order.")})
    async def why(order_id: Identifier) -> WhyView:  # pyright: ignore[reportUnusedFunction]
        """What the order waits for, since when, until when, and who is in the way."""
        try:
            return _view(await explainer.explain(order_id))
        except OrderUnknown:
            raise UnknownOrder(detail=f"There is no order {order_id}.") from None

    return router


def _view(facts: Facts) -> WhyView:
    saga, consumers, letters = facts.saga, facts.consumers, facts.letters
    return WhyView(
        id=saga.id,
        sentence=sentence(facts),
        state=saga.state,
        parked=saga.parked,
        since=facts.since,
        until=facts.until,
        overdue=saga.overdue,
        attempt=saga.attempt,
        tries=saga.tries,
        command=facts.said,
        consumers=None if isinstance(consumers, str) else list(consumers),
        dead_letters=None if isinstance(letters, str) else list(letters),
        kafka=next((each for each in (consumers, letters) if isinstance(each, str)), None),
        reason=saga.reason,
        may_be_asked=list(may_be_asked(facts.node)),
        resolutions=list(resolutions(saga, facts.node)),
    )
