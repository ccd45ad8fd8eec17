"""Why an order stands where it does, in one sentence. Pure: it is told all that it says."""

from collections.abc import Sequence
from typing import assert_never

from saga_engine.declaration import End, Parked, Rest, Step
from saga_engine.rules import Compensate, Move

from order_saga.create_order.state import OrderSaga, State
from order_saga.operators.explain.facts import Consumer, Facts, may_be_asked, resolutions, routes
from order_saga.operators.explain.formatting import ago, inside, moment, span, told


def sentence(facts: Facts) -> str:
    """One sentence for a person who has to do something about it, or to leave it alone."""
    match facts.node:
        case Step():
            parts = _waiting(facts, facts.node)
        case Rest():
            parts = _resting(facts)
        case Parked():
            parts = _parked(facts)
        case End():
            parts = _ended(facts)
        case _:
            assert_never(facts.node)
    return f"Order {facts.saga.id} " + "; ".join(filter(None, [*parts, _letters(facts)])) + "."


def _waiting(facts: Facts, step: Step) -> list[str]:
    saga = facts.saga
    service = routes(saga, step)[0].group
    command = step.command(saga).type
    goal = f", on its way to {saga.ends_in}," if saga.ends_in else ""
    tries = f"try {saga.tries} of {step.timeout.tries}, attempt {saga.attempt}"
    begun = f"is {saga.state}{goal} and waits for {service} to answer {command} ({tries})"
    return [f"{begun} since {ago(facts.now, facts.since)}", _time_left(facts, step), *_way(facts)]


def _way(facts: Facts) -> list[str]:
    """Where the command is, and how far those who have to read it, and the reply, are."""
    if facts.said is None:
        sent = "whether its command was sent is not known"
    elif facts.said.sent_at is None:
        sent = "its command has not reached Kafka yet, and no time runs before it has"
    else:
        sent = f"its command is in Kafka since {moment(facts.said.sent_at)}"
    return [sent, *_consumers(facts.consumers)]


def _time_left(facts: Facts, step: Step) -> str:
    saga = facts.saga
    if saga.overdue:
        return "its time is over and the outcome unknown, so that only a reply moves it"
    if facts.until is None:
        return ""
    if facts.until <= facts.now:
        return f"its time was over at {moment(facts.until)} and that is about to be noticed"
    left = span(facts.until - facts.now)
    return f"it waits until {moment(facts.until)}, {left} from now, and then {_then(saga, step)}"


def _then(saga: OrderSaga, step: Step) -> str:
    if saga.tries < step.timeout.tries:
        return "asks again"
    then = step.timeout_rule and step.timeout_rule.then
    match then:
        case str():
            return f"is {then}"
        case Compensate(ends_in):
            return f"is compensated and {ends_in}" if saga.compensations else f"is {ends_in}"
        case Move.PARK:
            return "needs attention"
        case _:
            return "is overdue"


def _consumers(consumers: Sequence[Consumer] | str) -> list[str]:
    if isinstance(consumers, str):
        return [f"how far its consumers are is not known, for {inside(consumers)}"]
    return [_reader(each) for each in consumers]


def _reader(each: Consumer) -> str:
    place = f"{each.topic}[{each.partition}]"
    messages = "message" if each.behind == 1 else "messages"
    read = f"is {each.behind} {messages} behind on {place}"
    if not each.behind:
        read = f"has read all of {place}"
    if each.expired:
        read += f", besides {each.expired} that Kafka has let expire before it read them,"
    if not each.members:
        return f"{each.group} {read} and does not run: nobody is in its group, so start it"
    return f"{each.group} {read} ({each.members} alive)"


def _resting(facts: Facts) -> list[str]:
    saga, verbs = facts.saga, may_be_asked(facts.node)
    asked = f"it may be asked to {' or '.join(verbs)}" if verbs else "nothing is to be asked of it"
    said = f"the last that was said of it: {told(saga.reason)}" if saga.reason else ""
    disputed = "the cardholder's bank disputes it" if saga.disputed else ""
    rests = f"is {saga.state} since {ago(facts.now, facts.since)} and waits for nobody"
    return [rests, _money(saga), said, disputed, asked, _unsent(facts)]


def _parked(facts: Facts) -> list[str]:
    saga = facts.saga
    why = f": {told(saga.reason)}" if saga.reason else ""
    states = "|".join(resolutions(saga, facts.node))
    cures = [f"try it again with `saga retry {saga.id}`"] if facts.can_retry else []
    if states:
        cures.append(f"end it by hand with `saga resolve {saga.id} --as {states} --note …`")
    cure = ", or ".join(cures)
    stopped = f"needs attention since {ago(facts.now, facts.since)}"
    stopped += f", since {saga.parked} could not {'go on' if facts.can_retry else 'stay'}{why}"
    return [stopped, _money(saga), *_consumers(facts.consumers), _unsent(facts), cure]


def _ended(facts: Facts) -> list[str]:
    saga = facts.saga
    why = f": {told(saga.reason)}" if saga.reason else ""
    return [f"ended {saga.state}, {ago(facts.now, facts.since)}{why}", _money(saga), _unsent(facts)]


def _money(saga: OrderSaga) -> str:
    money = f"{saga.order.currency.upper()} in minor units"
    if saga.captured:
        lost = [refund for refund, amount in saga.refunds.items() if not amount]
        failed = f", and {', '.join(lost)} failed at Stripe" if lost else ""
        return f"{saga.captured} captured and {saga.refunded} refunded ({money}){failed}"
    if saga.state == State.AUTHORIZED:
        until = f" until {moment(saga.capture_before)}" if saga.capture_before else ""
        return f"{saga.order.amount} held{until} ({money})"
    return ""


def _unsent(facts: Facts) -> str:
    if facts.said is None or facts.said.sent_at:
        return ""
    return f"{facts.said.type} has not reached Kafka yet"


def _letters(facts: Facts) -> str:
    letters = facts.letters
    if isinstance(letters, str):
        return f"whether there are dead letters of it is not known, for {inside(letters)}"
    if not letters:
        return "no dead letter of it was found"
    first, *others = letters
    place = f"{first.topic}/{first.partition}/{first.offset}"
    more = f", and {len(others)} more" if others else ""
    look = f"see `saga dlq show {place}`"
    return f"there is a dead letter of it, {place} ({inside(first.reason)}){more}: {look}"
