"""Why an order stands where it does, in one sentence. Pure: it is told all that it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import assert_never

from saga_schemas import Envelope
from saga_schemas.topics import (
    PAYMENT_COMMANDS,
    PAYMENT_EVENTS,
    USER_COMMANDS,
    USER_EVENTS,
    topic_of,
)
from saga_schemas.values import Failure

from order_saga.definition import Compensate, End, Move, Node, Parked, Rest, Step
from order_saga.domain import (
    CancelRequested,
    CaptureRequested,
    OrderSaga,
    RefundRequested,
    ResolvePayload,
    ResolveRequested,
    State,
)

_PARTICIPANTS = {
    USER_COMMANDS: ("user-service", USER_EVENTS),
    PAYMENT_COMMANDS: ("payment-service", PAYMENT_EVENTS),
}
_VERBS: dict[type[Envelope], str] = {
    CaptureRequested: "capture",
    CancelRequested: "cancel",
    RefundRequested: "refund",
}


@dataclass(frozen=True, slots=True)
class Route:
    """A topic, and the group that has to read it."""

    group: str
    topic: str


@dataclass(frozen=True, slots=True)
class Consumer:
    """A group on the partition of the order: how many messages it has not read, who is alive."""

    group: str
    topic: str
    partition: int
    behind: int
    members: int


@dataclass(frozen=True, slots=True)
class LetterOf:
    """A dead letter that names the order, and that nobody has dealt with."""

    topic: str
    partition: int
    offset: int
    reason: str


@dataclass(frozen=True, slots=True)
class Said:
    """The message that the order's state began with: when it was decided, when Kafka had it."""

    type: str
    decided_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an order.

    Attributes:
        node: What its definition says of its state.
        parked: What its definition says of the step that is parked.
        since: When it came into its state.
        said: None where its message is not known any more.
        until: When its time is over; None where nothing is waited for or no time runs yet.
        consumers: Of the commands and of the replies; a text where Kafka could not be asked.
        letters: Likewise.
    """

    saga: OrderSaga
    node: Node
    parked: Node | None
    now: datetime
    since: datetime
    said: Said | None
    until: datetime | None
    consumers: Sequence[Consumer] | str
    letters: Sequence[LetterOf] | str


def routes(saga: OrderSaga, node: Node | None) -> Sequence[Route]:
    """Who has to read what for a step to go on; nobody where nothing is waited for."""
    if not isinstance(node, Step):
        return ()
    commands = topic_of(node.command(saga))
    service, replies = _PARTICIPANTS[commands]
    return Route(service, commands.name), Route("order-saga", replies.name)


def may_be_asked(node: Node) -> Sequence[str]:
    """What somebody may ask of an order in this state."""
    on = node.on if isinstance(node, Step | Rest) else ()
    return list(dict.fromkeys(verb for rule in on if (verb := _VERBS.get(rule.message))))


def resolutions(saga: OrderSaga, node: Node) -> Sequence[State]:
    """How an order that needs attention may be ended by hand, with what is known of it."""
    if not isinstance(node, Parked):
        return ()

    def allowed(state: State) -> bool:
        payload = ResolvePayload.model_validate({"as": state})
        return node.unless(saga, ResolveRequested(correlation_id=saga.id, payload=payload)) is None

    return [state for state in node.resolutions if allowed(state)]


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
    goal = f", on its way to {saga.goal}," if saga.goal else ""
    tries = f"try {saga.tries} of {step.tries}, attempt {saga.attempt}"
    begun = f"is {saga.state}{goal} and waits for {service} to answer {command} ({tries})"
    return [f"{begun} since {_ago(facts, facts.since)}", _time_left(facts, step), *_way(facts)]


def _way(facts: Facts) -> list[str]:
    """Where the command is, and how far those who have to read it, and the reply, are."""
    if facts.said is None:
        sent = "whether its command was sent is not known"
    elif facts.said.sent_at is None:
        sent = "its command has not reached Kafka yet, and no time runs before it has"
    else:
        sent = f"its command is in Kafka since {_at(facts.said.sent_at)}"
    return [sent, *_consumers(facts.consumers)]


def _time_left(facts: Facts, step: Step) -> str:
    saga = facts.saga
    if saga.overdue:
        return "its time is over and the outcome unknown, so that only a reply moves it"
    if facts.until is None:
        return ""
    if facts.until <= facts.now:
        return f"its time was over at {_at(facts.until)} and that is about to be noticed"
    left = _span(facts.until - facts.now)
    return f"it waits until {_at(facts.until)}, {left} from now, and then {_then(saga, step)}"


def _then(saga: OrderSaga, step: Step) -> str:
    if saga.tries < step.tries:
        return "asks again"
    then = step.on_timeout and step.on_timeout.then
    match then:
        case State():
            return f"is {then}"
        case Compensate():
            return f"is undone and {then.goal}"
        case Move.PARK:
            return "needs attention"
        case _:
            return "is overdue"


def _consumers(consumers: Sequence[Consumer] | str) -> list[str]:
    if isinstance(consumers, str):
        return [f"how far its consumers are is not known, for {_inside(consumers)}"]
    return [_reader(each) for each in consumers]


def _reader(each: Consumer) -> str:
    place = f"{each.topic}[{each.partition}]"
    messages = "message" if each.behind == 1 else "messages"
    read = f"is {each.behind} {messages} behind on {place}"
    if not each.behind:
        read = f"has read all of {place}"
    if not each.members:
        return f"{each.group} {read} and does not run: nobody is in its group, so start it"
    return f"{each.group} {read} ({each.members} alive)"


def _resting(facts: Facts) -> list[str]:
    saga, verbs = facts.saga, may_be_asked(facts.node)
    asked = f"it may be asked to {' or '.join(verbs)}" if verbs else "nothing is to be asked of it"
    failed = f"what was asked last did not happen: {_told(saga.reason)}" if saga.reason else ""
    disputed = "the cardholder's bank disputes it" if saga.disputed else ""
    rests = f"is {saga.state} since {_ago(facts, facts.since)} and waits for nobody"
    return [rests, _money(saga), failed, disputed, asked, _unsent(facts)]


def _parked(facts: Facts) -> list[str]:
    saga = facts.saga
    why = f": {_told(saga.reason)}" if saga.reason else ""
    states = "|".join(resolutions(saga, facts.node))
    cure = f"try it again with `saga retry {saga.id}`"
    if states:
        cure += f", or end it by hand with `saga resolve {saga.id} --as {states} --note …`"
    stopped = f"needs attention since {_ago(facts, facts.since)}"
    stopped += f", since {saga.parked} could not go on{why}"
    return [stopped, _money(saga), *_consumers(facts.consumers), _unsent(facts), cure]


def _ended(facts: Facts) -> list[str]:
    saga = facts.saga
    why = f": {_told(saga.reason)}" if saga.reason else ""
    return [f"ended {saga.state}, {_ago(facts, facts.since)}{why}", _money(saga), _unsent(facts)]


def _money(saga: OrderSaga) -> str:
    money = f"{saga.order.currency.upper()} in minor units"
    if saga.captured:
        return f"{saga.captured} captured and {saga.refunded} refunded ({money})"
    if saga.state is State.AUTHORIZED:
        until = f" until {_at(saga.capture_before)}" if saga.capture_before else ""
        return f"{saga.order.amount} held{until} ({money})"
    return ""


def _unsent(facts: Facts) -> str:
    if facts.said is None or facts.said.sent_at:
        return ""
    return f"{facts.said.type} has not reached Kafka yet"


def _letters(facts: Facts) -> str:
    letters = facts.letters
    if isinstance(letters, str):
        return f"whether there are dead letters of it is not known, for {_inside(letters)}"
    if not letters:
        return "no dead letter names it"
    first, *others = letters
    place = f"{first.topic}/{first.partition}/{first.offset}"
    more = f", and {len(others)} more" if others else ""
    look = f"see `saga dlq show {place}`"
    return f"there is a dead letter of it, {place} ({_inside(first.reason)}){more}: {look}"


def _told(reason: Failure) -> str:
    """What happened and what cures it, as a part of a sentence."""
    cure = f" ({_inside(reason.cure)})" if reason.cure else ""
    code = reason.decline_code or reason.code
    return f"{_inside(reason.message)} [{code}]{cure}"


def _inside(text: str) -> str:
    """A sentence, or several, as a part of another."""
    return "; ".join(part.strip() for part in text.strip().rstrip(".").split(". "))


def _ago(facts: Facts, at: datetime) -> str:
    return f"{_at(at)}, {_span(facts.now - at)} ago"


def _at(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _span(length: timedelta) -> str:
    """The two largest units, such as `2 h 5 min`."""
    rest = max(0, round(length.total_seconds()))
    words: list[str] = []
    for unit, seconds in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, seconds)
        if count:
            words.append(f"{count} {unit}")
    return " ".join(words[:2]) or "0 s"
