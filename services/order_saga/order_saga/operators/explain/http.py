"""GET /orders/{id}/why: one sentence for a person who wonders."""

from collections.abc import Collection
from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel
from saga_engine.declaration import Step
from saga_messaging.postgres.database import Database
from saga_schemas.values import Failure, Identifier

from order_saga.api.problems import problem
from order_saga.create_order.state import State
from order_saga.create_order.versions import Definitions
from order_saga.errors import OrderNotFound
from order_saga.operators.dead_letters.log import dealt_with
from order_saga.operators.dead_letters.model import Place
from order_saga.operators.explain.facts import (
    Consumer,
    Facts,
    LetterOf,
    Said,
    may_be_asked,
    resolutions,
    routes,
)
from order_saga.operators.explain.lag import look
from order_saga.operators.explain.queries import Known, find_known
from order_saga.operators.explain.sentence import sentence
from order_saga.settings import OrderSagaSettings


class Explanation(BaseModel):
    """Why the order stands where it does: the sentence, and the facts that it is made of.

    Attributes:
        since: When it came into its state.
        until: When its time is over; null where nothing is waited for, or no time runs yet.
        attempt: Of its state; `tries` of those count since it was entered.
        began_with: The message that its state began with; `sent_at` is null until Kafka has it.
        consumers: Of its commands and of the replies; null where Kafka did not answer.
        dead_letters: That are the order's, and that nobody has dealt with; likewise.
        kafka: What is wrong with Kafka; null where it answered all.
        may_be_asked: What the order can be asked for now.
        resolutions: How it may be ended by hand.
    """

    id: str
    state: State | str
    why: str
    parked: State | str | None
    since: datetime
    until: datetime | None
    overdue: bool
    attempt: int
    tries: int
    began_with: Said | None
    consumers: list[Consumer] | None
    dead_letters: list[LetterOf] | None
    kafka: str | None
    reason: Failure | None
    may_be_asked: list[str]
    resolutions: list[State | str]


def why_router(
    definitions: Definitions, database: Database, settings: OrderSagaSettings
) -> APIRouter:
    """Kafka is asked too, and where it does not answer in time the sentence says so."""
    router = APIRouter(tags=["operators"])

    @router.get(
        "/orders/{order_id}/why",
        responses={
            404: problem("There is no such order."),
            503: problem("The database is away, or this replica does not know the order's saga."),
        },
    )
    async def why(order_id: Identifier) -> Explanation:  # pyright: ignore[reportUnusedFunction]
        """What the order waits for, since when, until when, and who is in the way."""
        known, dealt = await database.transaction(
            lambda connection: (
                find_known(connection, order_id, definitions.by_version),
                dealt_with(connection),
            ),
            give_up_after_seconds=settings.database_give_up_seconds,
        )
        if known is None:
            raise OrderNotFound(order_id)
        return _explanation(await _facts(definitions, known, dealt, settings))

    return router


async def _facts(
    definitions: Definitions, known: Known, dealt: Collection[Place], settings: OrderSagaSettings
) -> Facts:
    saga = known.saga
    nodes = definitions.of(saga.definition_version).nodes
    parked = nodes[saga.parked] if saga.parked else None
    consumers, letters = await look(saga.id, routes(saga, parked or nodes[saga.state]), settings)
    if not isinstance(letters, str):
        letters = [
            each for each in letters if (each.topic, each.partition, each.offset) not in dealt
        ]
    return Facts(
        saga=saga,
        node=nodes[saga.state],
        now=known.now,
        since=known.since,
        said=known.said,
        until=known.until,
        consumers=consumers,
        letters=letters,
        can_retry=isinstance(parked, Step),
    )


def _explanation(facts: Facts) -> Explanation:
    saga, consumers, letters = facts.saga, facts.consumers, facts.letters
    return Explanation(
        id=saga.id,
        state=saga.state,
        why=sentence(facts),
        parked=saga.parked,
        since=facts.since,
        until=facts.until,
        overdue=saga.overdue,
        attempt=saga.attempt,
        tries=saga.tries,
        began_with=facts.said,
        consumers=None if isinstance(consumers, str) else list(consumers),
        dead_letters=None if isinstance(letters, str) else list(letters),
        kafka=next((each for each in (consumers, letters) if isinstance(each, str)), None),
        reason=saga.reason,
        may_be_asked=list(may_be_asked(facts.node)),
        resolutions=list(resolutions(saga, facts.node)),
    )
