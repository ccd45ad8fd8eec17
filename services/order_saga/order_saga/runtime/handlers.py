"""The use cases: place orders, handle a request to an order, react to messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from saga_engine.decide import Decision, decide, start
from saga_messaging.delivery.outcomes import (
    BatchResult,
    Deferred,
    Handled,
    Ignored,
    Outcome,
    Refused,
)
from saga_schemas import Envelope

from order_saga.create_order.senders import untrusted
from order_saga.create_order.state import OrderSaga, new_saga
from order_saga.create_order.versions import Definitions
from order_saga.errors import DefinitionUnknown, IdempotencyKeyReused, OrderNotFound
from order_saga.runtime.ports import Found, Placement, Sagas

PlacementAnswer: TypeAlias = OrderSaga | IdempotencyKeyReused | DefinitionUnknown


@dataclass(frozen=True, slots=True)
class PlacementResult:
    """The answers to a batch of placements, in order; the new placements and their outcomes."""

    answers: Sequence[PlacementAnswer]
    new: Sequence[Placement]
    batch: BatchResult


def place(
    definitions: Definitions, sagas: Sagas, placements: Sequence[Placement]
) -> PlacementResult:
    """Start a saga for each placement with a new idempotency key; repeat the others' answers."""
    now, definition = sagas.now(), definitions.newest
    decisions = [
        start(definition, new_saga(definition, placement.message), now) for placement in placements
    ]
    pairs = list(zip(placements, decisions, strict=True))
    added = set(sagas.add([(placement, decision.saga) for placement, decision in pairs]))
    repeated = {
        placement.idempotency_key
        for placement, decision in pairs
        if placement.idempotency_key and decision.saga.id not in added
    }
    earlier = sagas.placed(repeated) if repeated else {}
    new = [(placement, decision) for placement, decision in pairs if decision.saga.id in added]
    outcomes = {
        placement.message.message_id: Handled(decision.effect, decision.send)
        for placement, decision in new
    }
    return PlacementResult(
        [
            decision.saga if decision.saga.id in added else _repeated(placement, decision, earlier)
            for placement, decision in pairs
        ],
        [placement for placement, _ in new],
        BatchResult(outcomes),
    )


def _repeated(
    placement: Placement, decision: Decision[OrderSaga], earlier: Mapping[str, tuple[Found, str]]
) -> PlacementAnswer:
    """Return the answer to a placement whose key, or whose saga, is stored already."""
    if placement.idempotency_key is None:
        return decision.saga
    found, digest = earlier[placement.idempotency_key]
    return found if digest == placement.digest else IdempotencyKeyReused("order")


@dataclass(frozen=True, slots=True)
class RequestResult:
    """The order after a request, and the effect of the request.

    Attributes:
        refused: The request changed nothing; `effect` says why, and its id can be used again once
            the order's state allows it.
        recorded: The message for the inbox; None if it is refused, or repeats a recorded one.
    """

    saga: OrderSaga
    effect: str
    refused: bool
    batch: BatchResult
    recorded: Envelope | None = None


def request(definitions: Definitions, sagas: Sagas, message: Envelope) -> RequestResult:
    """Move an order as requested; answer a request that is repeated with its id as before.

    Raises:
        OrderNotFound: There is no such order.
        IdempotencyKeyReused: The id was used for another request.
        DefinitionUnknown: This code does not have the version, or the state, of the order.
    """
    saga = sagas.lock({message.correlation_id}).get(message.correlation_id)
    if saga is None:
        raise OrderNotFound(message.correlation_id)
    if isinstance(saga, DefinitionUnknown):
        raise saga
    if earlier := sagas.earlier(message):
        if not earlier.same:
            raise IdempotencyKeyReused("request")
        return RequestResult(saga, earlier.effect, refused=False, batch=BatchResult({}))
    decision = decide(definitions.of(saga.definition_version), saga, message, sagas.now())
    effect = _with_requester(message, decision.effect)
    if decision.refused:
        return RequestResult(saga, effect, refused=True, batch=BatchResult({}))
    if decision.saga is not saga:
        sagas.save([decision.saga])
    batch = BatchResult({message.message_id: Handled(effect, decision.send)})
    return RequestResult(decision.saga, effect, refused=False, batch=batch, recorded=message)


def react(definitions: Definitions, sagas: Sagas, messages: Sequence[Envelope]) -> BatchResult:
    """Move each message's saga; handle several messages of one saga in order.

    A message without a saga is ignored: it concerns an order of another system. A message from
    another sender than its type's, or for another user, is refused. A message of a saga whose
    version or state this code does not have is deferred to a process that has it. None of them
    delays the others.
    """
    now = sagas.now()
    before = sagas.lock({message.correlation_id for message in messages})
    after = dict(before)
    outcomes: dict[UUID, Outcome] = {}
    for message in messages:
        saga = after.get(message.correlation_id)
        if saga is None:
            reason = f"correlation_id: there is no order {message.correlation_id}"
            outcomes[message.message_id] = Ignored(reason)
        elif isinstance(saga, DefinitionUnknown):
            outcomes[message.message_id] = Deferred(str(saga), saga.version)
        elif problem := untrusted(saga, message):
            outcomes[message.message_id] = Refused(problem)
        else:
            decision = decide(definitions.of(saga.definition_version), saga, message, now)
            after[saga.id] = decision.saga
            outcomes[message.message_id] = Handled(decision.effect, decision.send)
    changed = [
        saga
        for saga in after.values()
        if not isinstance(saga, DefinitionUnknown) and saga is not before[saga.id]
    ]
    sagas.save(changed)
    return BatchResult(outcomes)


def _with_requester(message: Envelope, effect: str) -> str:
    by, note = message.payload.by, message.payload.note
    return f"{effect} (by {by}{': ' + note if note else ''})"
