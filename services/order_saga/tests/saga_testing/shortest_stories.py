"""The shortest story that takes each transition of a declaration, found by breadth-first search."""

from collections import deque
from collections.abc import Callable, Iterator
from copy import copy
from functools import partial

from order_saga.create_order.state import OrderSaga, State
from saga_engine.declaration import Definition
from saga_engine.messages import DeadlinePassed
from saga_engine.transitions import NO_REPLY, Edge
from saga_schemas import Envelope

from saga_testing.story import COMMANDS_BY_REPLY, Story

Continuation = Callable[[Story], Story]

PARTIAL_AMOUNT = 300
ALWAYS_POSSIBLE: tuple[Continuation, ...] = (
    *(
        partial(Story.when_requested, verb=verb)
        for verb in ("capture", "cancel", "refund", "retry")
    ),
    *(partial(Story.when_requested, verb="resolve", **{"as": state}) for state in State),
    partial(Story.when_requested, verb="refund", amount=PARTIAL_AMOUNT),
    partial(Story.when_event, type_="payment.captured"),
    partial(Story.when_event, type_="payment.canceled"),
    partial(Story.when_event, type_="payment.authorization_expired"),
    partial(Story.when_event, type_="payment.refunded"),
    partial(Story.when_event, type_="payment.refunded", amount=PARTIAL_AMOUNT),
)


def shortest_stories(definition: Definition) -> dict[Edge, Story]:
    """Return the shortest story that ends with each transition that can be taken."""
    placed = Story(definition).placed()
    found = {Edge(definition.start, definition.started_by, definition.start): placed}
    seen, new = {_situation(placed.saga)}, deque([placed])
    while new:
        before = new.popleft()
        for after in _continued(before):
            if not after.decision.effect.startswith("recorded"):
                trigger = _trigger(after.steps[-1].message)
                found.setdefault(Edge(before.saga.state, trigger, after.saga.state), after)
            if _situation(after.saga) not in seen:
                seen.add(_situation(after.saga))
                new.append(after)
    return found


def _continued(story: Story) -> Iterator[Story]:
    """Return the story continued by each message that has an effect now."""
    for continuation in _continuations(story):
        longer = copy(story)
        longer.steps = list(story.steps)
        if not continuation(longer).decision.refused:
            yield longer


def _continuations(story: Story) -> Iterator[Continuation]:
    yield from ALWAYS_POSSIBLE
    for refund in _refunds(story.saga):
        yield partial(Story.when_event, type_="payment.refund_failed", stripe_refund_id=refund)
    if story.saga.deadline_at:
        yield Story.when_timed_out
    sent = {message.type for message in story.sent}
    for reply, commands in COMMANDS_BY_REPLY.items():
        if commands & sent:
            yield partial(Story.when_reply, type_=reply)


def _refunds(saga: OrderSaga) -> list[str]:
    """Return Stripe's ids of the refunds that can still fail."""
    return [refund for refund, amount in saga.refunds.items() if amount]


def _trigger(message: Envelope) -> str:
    return NO_REPLY if isinstance(message, DeadlinePassed) else message.type


def _situation(saga: OrderSaga) -> tuple[object, ...]:
    """Return everything that decides where a saga can go from here."""
    amounts = (
        saga.captured,
        min(saga.refunded, saga.order.amount),
        saga.pending and saga.pending.amount,
    )
    refunds = min(len(_refunds(saga)), 2)
    position = (saga.state, saga.compensations, saga.ends_in, saga.parked)
    return (*position, saga.tries, refunds, *amounts)
