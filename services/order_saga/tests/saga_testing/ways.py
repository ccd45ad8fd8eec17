"""The shortest story that takes each way of a declaration, found by trying everything."""

from collections import deque
from collections.abc import Callable, Iterator
from copy import copy
from functools import partial

from order_saga.create_order.state import OrderSaga, State
from saga_engine.crash_points import PLACED
from saga_engine.declaration import Definition
from saga_engine.messages import DeadlinePassed
from saga_engine.transitions import NO_REPLY, Edge
from saga_schemas import Envelope

from saga_testing.story import REPLIES, Story

Move = Callable[[Story], Story]

PART = 300
WHATEVER_COMES: tuple[Move, ...] = (
    *(partial(Story.when_asked, verb=verb) for verb in ("capture", "cancel", "refund", "retry")),
    *(partial(Story.when_asked, verb="resolve", **{"as": state}) for state in State),
    partial(Story.when_asked, verb="refund", amount=PART),
    partial(Story.when_told, type_="payment.captured"),
    partial(Story.when_told, type_="payment.canceled"),
    partial(Story.when_told, type_="payment.authorization_expired"),
    partial(Story.when_told, type_="payment.refunded"),
    partial(Story.when_told, type_="payment.refunded", amount=PART),
)


def stories(definition: Definition) -> dict[Edge, Story]:
    """For each way that can be taken, the shortest story that ends with it."""
    placed = Story(definition).placed()
    found = {Edge(definition.start, PLACED, definition.start): placed}
    seen, new = {_place(placed.saga)}, deque([placed])
    while new:
        before = new.popleft()
        for after in _continued(before):
            if not after.decision.effect.startswith("recorded"):
                edge = Edge(before.saga.state, _by(after.told[-1][1]), after.saga.state)
                found.setdefault(edge, after)
            if _place(after.saga) not in seen:
                seen.add(_place(after.saga))
                new.append(after)
    return found


def _continued(story: Story) -> Iterator[Story]:
    """The story, once for each message that does something now."""
    for move in _moves(story):
        longer = copy(story)
        longer.told = list(story.told)
        if not move(longer).decision.refused:
            yield longer


def _moves(story: Story) -> Iterator[Move]:
    yield from WHATEVER_COMES
    for refund in _made(story.saga):
        yield partial(Story.when_told, type_="payment.refund_failed", stripe_refund_id=refund)
    if story.saga.deadline_at:
        yield Story.when_time_runs_out
    commands = {message.type for message in story.sent}
    for reply, command in REPLIES.items():
        if command in commands:
            yield partial(Story.when_reply, type_=reply)


def _made(saga: OrderSaga) -> list[str]:
    """The refunds that count, by Stripe's id: each may be lost."""
    return [refund for refund, amount in saga.refunds.items() if amount]


def _by(message: Envelope) -> str:
    return NO_REPLY if isinstance(message, DeadlinePassed) else message.type


def _place(saga: OrderSaga) -> tuple[object, ...]:
    """What decides where a saga can go from here."""
    books = (
        saga.captured,
        min(saga.refunded, saga.order.amount),
        saga.pending and saga.pending.amount,
    )
    refunds = min(len(_made(saga)), 2)
    return (saga.state, saga.compensations, saga.ends_in, saga.parked, saga.tries, refunds, *books)
