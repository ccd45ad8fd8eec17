"""GET /orders/{id}/why: explain an order in one sentence."""

from collections.abc import Collection
from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel
from saga_messaging.http.openapi import problem
from saga_messaging.postgres.database import Database
from saga_schemas.values import Failure, Identifier

from order_saga.create_order.state import State
from order_saga.create_order.versions import Definitions
from order_saga.errors import OrderNotFound
from order_saga.operators.dead_letters.actions import find_all_actions
from order_saga.operators.dead_letters.model import RecordPosition
from order_saga.operators.explain.facts import (
    Consumer,
    DeadLetterRef,
    ExplanationFacts,
    LastMessage,
    OrderContext,
    RefusedMessage,
    accepted_actions,
    active_node,
    allowed_resolutions,
    routes_of,
)
from order_saga.operators.explain.kafka_facts import inspect_kafka
from order_saga.operators.explain.queries import find_order_context
from order_saga.operators.explain.sentence import explain
from order_saga.settings import OrderSagaSettings


class Explanation(BaseModel):
    """An explanation of an order: one sentence, and the facts that it is made of.

    Attributes:
        why: The sentence.
        parked: The state that could not continue, if the order needs attention.
        since: When the order entered its state.
        until: When its step times out; null if no reply is awaited, or until the command is sent.
        attempt: The attempt of its step, counted over the whole order.
        tries: How often the command was sent since the state was entered.
        began_with: The message that was sent when the state was entered.
        consumers: Consumer groups of the awaited command and reply; null if unknown.
        dead_letters: Those that no operator has replayed or dropped; null if unknown.
        refused: Messages of the order that Kafka refused, newest first.
        kafka: Why Kafka did not provide all facts; null if it did.
        may_be_asked: The actions that can be requested now.
        resolutions: The states in which an operator can end the order.
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
    began_with: LastMessage | None
    consumers: list[Consumer] | None
    dead_letters: list[DeadLetterRef] | None
    refused: list[RefusedMessage]
    kafka: str | None
    reason: Failure | None
    may_be_asked: list[str]
    resolutions: list[State | str]


def why_router(
    definitions: Definitions, database: Database, settings: OrderSagaSettings
) -> APIRouter:
    """Return the router. Without Kafka it still responds, and the sentence says what is unknown."""
    router = APIRouter(tags=["operators"])

    @router.get(
        "/orders/{order_id}/why",
        responses={
            404: problem("There is no such order."),
            503: problem("The database is unavailable, or only a newer replica knows the order."),
        },
    )
    async def why(order_id: Identifier) -> Explanation:  # pyright: ignore[reportUnusedFunction]
        """Explain what the order is waiting for, since when, until when, and who has to act."""
        order, handled = await database.transaction(
            lambda connection: (
                find_order_context(connection, order_id, definitions.by_version),
                find_all_actions(connection),
            ),
            give_up_after_seconds=settings.database_give_up_seconds,
        )
        if order is None:
            raise OrderNotFound(order_id)
        return _explanation(await _facts(definitions, order, handled, settings))

    return router


async def _facts(
    definitions: Definitions,
    order: OrderContext,
    handled: Collection[RecordPosition],
    settings: OrderSagaSettings,
) -> ExplanationFacts:
    saga = order.saga
    definition = definitions.of(saga.definition_version)
    routes = routes_of(saga, active_node(definition, saga))
    consumers, dead_letters = await inspect_kafka(saga.id, routes, settings)
    if not isinstance(dead_letters, str):
        dead_letters = [
            ref for ref in dead_letters if (ref.topic, ref.partition, ref.offset) not in handled
        ]
    return ExplanationFacts(order, definition, consumers, dead_letters)


def _explanation(facts: ExplanationFacts) -> Explanation:
    order, saga = facts.order, facts.order.saga
    consumers, dead_letters = facts.consumers, facts.dead_letters
    return Explanation(
        id=saga.id,
        state=saga.state,
        why=explain(facts),
        parked=saga.parked,
        since=order.since,
        until=order.times_out_at,
        overdue=saga.overdue,
        attempt=saga.attempt,
        tries=saga.tries,
        began_with=order.last_message,
        consumers=None if isinstance(consumers, str) else list(consumers),
        dead_letters=None if isinstance(dead_letters, str) else list(dead_letters),
        refused=list(order.refused),
        kafka=next((error for error in (consumers, dead_letters) if isinstance(error, str)), None),
        reason=saga.reason,
        may_be_asked=list(accepted_actions(facts.node)),
        resolutions=list(allowed_resolutions(saga, facts.node)),
    )
