"""The use cases: what is placed, and what each message that reaches the orchestrator leads to."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from saga_messaging.delivery.outcomes import BatchResult, Handled, Refused
from saga_schemas import Envelope

from order_saga.definitions import Definitions
from order_saga.domain import OrderSaga
from order_saga.errors import DefinitionUnknown, IdempotencyKeyReused, OrderUnknown
from order_saga.ports import Placement, Sagas
from order_saga.saga import Decision, decide, start


@dataclass(frozen=True, slots=True)
class Placed:
    """The answers to a batch of placements, in their order, and what the new ones lead to."""

    answers: Sequence[OrderSaga | IdempotencyKeyReused]
    new: Sequence[Placement]
    result: BatchResult


def place(definitions: Definitions, sagas: Sagas, placements: Sequence[Placement]) -> Placed:
    """Start a saga for each placement whose idempotency key is new; answer the others again."""
    now = sagas.now()
    decisions = [start(definitions.newest, placement.message, now) for placement in placements]
    pairs = list(zip(placements, decisions, strict=True))
    added = set(sagas.add([(placement, decision.saga) for placement, decision in pairs]))
    repeated = {
        placement.idempotency_key
        for placement, decision in pairs
        if placement.idempotency_key and decision.saga.id not in added
    }
    earlier = sagas.placed(repeated) if repeated else {}

    def answer(placement: Placement, decision: Decision) -> OrderSaga | IdempotencyKeyReused:
        if decision.saga.id in added or placement.idempotency_key is None:
            return decision.saga
        saga, digest = earlier[placement.idempotency_key]
        return saga if digest == placement.digest else IdempotencyKeyReused()

    new = [(placement, decision) for placement, decision in pairs if decision.saga.id in added]
    outcomes = {
        placement.message.message_id: Handled(decision.effect, decision.send)
        for placement, decision in new
    }
    return Placed(
        [answer(placement, decision) for placement, decision in pairs],
        [placement for placement, _ in new],
        BatchResult(outcomes),
    )


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a request: the order as it stands, and what the request did.

    Attributes:
        refused: It did nothing; `effect` says why, and the same id may be asked with again.
        recorded: What is to stand in the history; None where it was taken before, and this is its
            answer once more.
    """

    saga: OrderSaga
    effect: str
    refused: bool
    result: BatchResult
    recorded: Envelope | None = None


def take(definitions: Definitions, sagas: Sagas, request: Envelope) -> Taken:
    """Move an order as somebody asks; asked again with the same id, it is answered again.

    Raises:
        OrderUnknown: There is no such order.
        IdempotencyKeyReused: The id was used for something else.
        DefinitionUnknown: The order is newer than this code.
    """
    saga = sagas.lock({request.correlation_id}).get(request.correlation_id)
    if saga is None:
        raise OrderUnknown
    if earlier := sagas.earlier(request.message_id):
        payload, effect = earlier
        if payload != request.model_dump(mode="json")["payload"]:
            raise IdempotencyKeyReused
        return Taken(saga, effect, refused=False, result=BatchResult({}))
    decision = decide(definitions.of(saga.definition_version), saga, request, sagas.now())
    if decision.refused:
        # What did nothing leaves its id to be used once the order's state allows it.
        request = request.model_copy(update={"message_id": uuid4()})
    if decision.saga is not saga:
        sagas.save([decision.saga])
    told = _told(request, decision.effect)
    result = BatchResult({request.message_id: Handled(told, decision.send)})
    return Taken(decision.saga, told, decision.refused, result, request)


def _told(request: Envelope, effect: str) -> str:
    who, note = request.payload.by, request.payload.note
    return f"{effect} (by {who}{': ' + note if note else ''})"


def react(definitions: Definitions, sagas: Sagas, messages: Sequence[Envelope]) -> BatchResult:
    """Move each message's saga; several messages of one saga are taken in their order.

    What this code cannot move is refused, so that the others go on.
    """
    now = sagas.now()
    before = sagas.lock({message.correlation_id for message in messages})
    after = dict(before)
    outcomes: dict[UUID, Handled | Refused] = {}
    for message in messages:
        saga = after.get(message.correlation_id)
        if saga is None:
            reason = f"correlation_id: there is no order {message.correlation_id}"
            outcomes[message.message_id] = Refused(reason)
            continue
        try:
            definition = definitions.of(saga.definition_version)
        except DefinitionUnknown as unknown:
            outcomes[message.message_id] = Refused(str(unknown))
            continue
        decision = decide(definition, saga, message, now)
        after[saga.id] = decision.saga
        outcomes[message.message_id] = Handled(decision.effect, decision.send)
    sagas.save([saga for saga in after.values() if saga is not before[saga.id]])
    return BatchResult(outcomes)
