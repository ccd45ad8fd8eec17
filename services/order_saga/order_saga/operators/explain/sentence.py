"""The explanation of an order in one sentence; a pure function of the facts."""

from collections.abc import Sequence
from typing import assert_never

from saga_engine.decide import decide
from saga_engine.declaration import End, Parked, Rest, Step
from saga_engine.messages import DeadlinePassed, DeadlinePayload

from order_saga.create_order.state import OrderSaga, State
from order_saga.operators.explain import formatting
from order_saga.operators.explain.facts import (
    Consumer,
    ExplanationFacts,
    OrderContext,
    accepted_actions,
    allowed_resolutions,
    routes_of,
)


def explain(facts: ExplanationFacts) -> str:
    """Return one sentence: what the order waits for, until when, and what an operator can do."""
    match facts.node:
        case Step():
            clauses = _step(facts, facts.node)
        case Rest():
            clauses = _rest(facts)
        case Parked():
            clauses = _parked(facts)
        case End():
            clauses = _end(facts.order)
        case _:
            assert_never(facts.node)
    clauses = [*clauses, _refused(facts.order), _dead_letters(facts)]
    return f"Order {facts.order.saga.id} {'; '.join(filter(None, clauses))}."


def _step(facts: ExplanationFacts, step: Step) -> list[str]:
    order, saga = facts.order, facts.order.saga
    service = routes_of(saga, step)[0].group
    command = step.command(saga).type
    ends_in = f", to end as {saga.ends_in}," if saga.ends_in else ""
    tries = f"try {saga.tries} of {step.timeout.tries}, attempt {saga.attempt}"
    waits = f"waits for {service} to reply to {command} ({tries})"
    return [
        f"is {saga.state} ({_since(order)}){ends_in} and {waits}",
        _timeout(facts),
        _command(order),
        *_consumers(facts.consumers),
    ]


def _timeout(facts: ExplanationFacts) -> str:
    order = facts.order
    if order.saga.overdue:
        return "it is overdue and its outcome is unknown: only a reply moves it on"
    if order.times_out_at is None:
        return ""
    time = formatting.time(order.times_out_at)
    if order.times_out_at <= order.now:
        return f"it timed out at {time}; if it stays so, the log event deadline_failed says why"
    left = formatting.duration(order.times_out_at - order.now)
    return f"it times out at {time}, in {left}, and {_after_timeout(facts)}"


def _after_timeout(facts: ExplanationFacts) -> str:
    """Return where the interpreter takes the order if its deadline passes."""
    saga = facts.order.saga
    payload = DeadlinePayload(state=saga.state, attempt=saga.attempt)
    deadline = DeadlinePassed(correlation_id=saga.id, payload=payload)
    after = decide(facts.definition, saga, deadline, facts.order.now).saga
    if after.overdue:
        return "is then overdue"
    if after.state == saga.state:
        return "is then retried"
    if after.parked:
        return "then needs attention"
    if after.ends_in:
        return f"is then compensated and {after.ends_in}"
    return f"is then {after.state}"


def _command(order: OrderContext) -> str:
    if order.last_message is None:
        return "the outbox no longer has its command"
    if order.last_message.dropped:
        return f"its command was refused by Kafka and dropped {order.last_message.dropped}"
    if order.last_message.sent_at is None:
        return "its command has not reached Kafka yet, so its time-out has not started"
    return f"its command was sent at {formatting.time(order.last_message.sent_at)}"


def _consumers(consumers: Sequence[Consumer] | str) -> list[str]:
    if isinstance(consumers, str):
        return [f"consumer lag is unknown: {formatting.clause(consumers)}"]
    return [_consumer(consumer) for consumer in consumers]


def _consumer(consumer: Consumer) -> str:
    unread = _count(consumer.behind, "unread message")
    expired = f", missed {consumer.expired} that expired unread," if consumer.expired else ""
    running = f"is running ({_count(consumer.members, 'member')})"
    if not consumer.members:
        running = "is not running: start it"
    place = f"{consumer.topic}[{consumer.partition}]"
    held_back = ""
    if consumer.held_back:
        count = _count(consumer.held_back, "more offset")
        held_back = f"; {place} has {count}, which wait for another producer's open transaction"
    return f"{consumer.group} has {unread} on {place}{expired} and {running}{held_back}"


def _rest(facts: ExplanationFacts) -> list[str]:
    order, saga = facts.order, facts.order.saga
    actions = " or ".join(accepted_actions(facts.node))
    return [
        f"is {saga.state} ({_since(order)}) with no command in flight",
        _money(saga),
        f"last recorded reason: {formatting.failure(saga.reason)}" if saga.reason else "",
        "the cardholder's bank disputes the payment" if saga.disputed else "",
        f"it accepts a request to {actions}" if actions else "it accepts no requests",
        _unsent(order),
    ]


def _parked(facts: ExplanationFacts) -> list[str]:
    order, saga = facts.order, facts.order.saga
    cause = f"{saga.parked} cannot continue"
    options = [f"retry it with `saga retry {saga.id}`"]
    if not facts.can_retry:
        cause, options = f"it cannot remain {saga.parked}", []
    if states := "|".join(allowed_resolutions(saga, facts.node)):
        options.append(f"end it by hand with `saga resolve {saga.id} --as {states} --note …`")
    return [
        f"needs attention ({_since(order)}) because {cause}{_reason(saga)}",
        _money(saga),
        *_consumers(facts.consumers),
        _unsent(order),
        ", or ".join(options),
    ]


def _end(order: OrderContext) -> list[str]:
    saga = order.saga
    ended_at = formatting.time_and_age(order.since, order.now)
    return [f"ended as {saga.state} at {ended_at}{_reason(saga)}", _money(saga), _unsent(order)]


def _since(order: OrderContext) -> str:
    return f"since {formatting.time_and_age(order.since, order.now)}"


def _reason(saga: OrderSaga) -> str:
    return f": {formatting.failure(saga.reason)}" if saga.reason else ""


def _money(saga: OrderSaga) -> str:
    unit = f"{saga.order.currency.upper()}, in minor units"
    if saga.captured:
        failed = ", ".join(refund for refund, amount in saga.refunds.items() if not amount)
        failures = f", and refund {failed} failed at Stripe" if failed else ""
        return f"{saga.captured} captured and {saga.refunded} refunded ({unit}){failures}"
    if saga.state == State.AUTHORIZED:
        until = f" until {formatting.time(saga.capture_before)}" if saga.capture_before else ""
        return f"{saga.order.amount} held{until} ({unit})"
    return ""


def _unsent(order: OrderContext) -> str:
    if order.last_message is None or order.last_message.sent_at or order.last_message.dropped:
        return ""
    return f"{order.last_message.type} has not reached Kafka yet"


def _refused(order: OrderContext) -> str:
    if not order.refused:
        return ""
    first, *others = order.refused
    more = f" and {_count(len(others), 'other message')}" if others else ""
    held = f", and {_count(first.held, 'message')} behind it cannot be sent" if first.held else ""
    since = formatting.time_and_age(first.at, order.now)
    return (
        f"Kafka refused its {first.type} to {first.topic}{more} (since {since}): "
        f"{formatting.clause(first.reason)}{held}; correct the topic, then run "
        f"`saga outbox retry order_saga/{first.message_id}`"
    )


def _dead_letters(facts: ExplanationFacts) -> str:
    if isinstance(facts.dead_letters, str):
        return f"its dead letters are unknown: {formatting.clause(facts.dead_letters)}"
    if not facts.dead_letters:
        return "no dead letters were found"
    first, *others = facts.dead_letters
    place = f"{first.topic}/{first.partition}/{first.offset}"
    more = f" and {len(others)} more" if others else ""
    reason = formatting.clause(first.reason)
    return f"it has the dead letter {place} ({reason}){more}: run `saga dlq show {place}`"


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
