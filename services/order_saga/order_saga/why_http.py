"""GET /orders/{id}/why: one sentence for a person who wonders."""

from fastapi import APIRouter
from pydantic import BaseModel
from saga_messaging.database import Database
from saga_schemas.values import Identifier

from order_saga.definitions import Definitions
from order_saga.domain import State
from order_saga.errors import KafkaSilent
from order_saga.http import UnknownOrder, problem
from order_saga.lag import look
from order_saga.settings import OrderSagaSettings
from order_saga.situation import Facts, routes
from order_saga.why import sentence
from order_saga.why_log import Known, find_known


class Explanation(BaseModel):
    """Why the order stands where it does."""

    id: str
    state: State
    why: str


def why_router(
    definitions: Definitions, database: Database, settings: OrderSagaSettings
) -> APIRouter:
    """Kafka is asked too, and where it does not answer in time the sentence says so."""
    router = APIRouter(tags=["operators"])

    @router.get(
        "/orders/{order_id}/why",
        responses={404: problem("There is no such order."), 503: problem("The database is away.")},
    )
    async def why(order_id: Identifier) -> Explanation:  # pyright: ignore[reportUnusedFunction]
        """What the order waits for, since when, until when, and who is in the way."""
        known = await database.transaction(
            lambda connection: find_known(connection, order_id),
            give_up_after_seconds=settings.place_order_timeout_seconds,
        )
        if known is None:
            raise UnknownOrder(detail=f"There is no order {order_id}.")
        facts = await _facts(definitions, known, settings)
        return Explanation(id=order_id, state=known.saga.state, why=sentence(facts))

    return router


async def _facts(definitions: Definitions, known: Known, settings: OrderSagaSettings) -> Facts:
    saga = known.saga
    nodes = definitions.of(saga.definition_version).nodes
    parked = nodes[saga.parked] if saga.parked else None
    try:
        consumers, letters = await look(
            saga.id, routes(saga, parked or nodes[saga.state]), settings
        )
    except KafkaSilent as silent:
        consumers = letters = str(silent)
    return Facts(
        saga=saga,
        node=nodes[saga.state],
        now=known.now,
        since=known.since,
        said=known.said,
        until=known.until,
        consumers=consumers,
        letters=letters,
    )
