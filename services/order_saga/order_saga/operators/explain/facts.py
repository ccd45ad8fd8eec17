"""What is known of an order that somebody asks about: where it stands, and who has to act."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from saga_engine.declaration import Node, Parked, Rest, Step
from saga_engine.messages import ResolvePayload, ResolveRequested
from saga_schemas import Envelope
from saga_schemas.topics import topic_of

from order_saga.create_order.messages import CancelRequested, CaptureRequested, RefundRequested
from order_saga.create_order.state import OrderSaga
from order_saga.kafka_access import ACCESS, PARTICIPANTS

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
    """A group on the partition of the order: how many messages it has not read, who is alive.

    Attributes:
        expired: How many of them Kafka does not keep any more.
    """

    group: str
    topic: str
    partition: int
    behind: int
    members: int
    expired: int = 0


@dataclass(frozen=True, slots=True)
class LetterOf:
    """A dead letter whose key is the order, and that nobody has dealt with."""

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
        since: When it came into its state.
        said: None where its message is not known any more.
        until: When its time is over; None where nothing is waited for or no time runs yet.
        consumers: Of the commands and of the replies; a text where Kafka could not be asked.
        letters: Likewise.
        can_retry: Whether there is a step to be tried again, where it needs attention.
    """

    saga: OrderSaga
    node: Node
    now: datetime
    since: datetime
    said: Said | None
    until: datetime | None
    consumers: Sequence[Consumer] | str
    letters: Sequence[LetterOf] | str
    can_retry: bool = True


def routes(saga: OrderSaga, node: Node | None) -> Sequence[Route]:
    """Who has to read what for a step to go on; nobody where nothing is waited for."""
    if not isinstance(node, Step):
        return ()
    commands = topic_of(node.command(saga))
    service, replies = PARTICIPANTS[commands]
    return Route(service, commands.name), Route(ACCESS.group, replies.name)


def may_be_asked(node: Node) -> Sequence[str]:
    """What somebody may ask of an order in this state."""
    on = node.rules if isinstance(node, Step | Rest) else ()
    return list(dict.fromkeys(verb for rule in on if (verb := _VERBS.get(rule.message))))


def resolutions(saga: OrderSaga, node: Node) -> Sequence[str]:
    """How an order that needs attention may be ended by hand, with what is known of it."""
    if not isinstance(node, Parked):
        return ()

    def allowed(state: str) -> bool:
        payload = ResolvePayload.model_validate({"as": state})
        return node.unless(saga, ResolveRequested(correlation_id=saga.id, payload=payload)) is None

    return [state for state in (*node.resolutions, *node.committed) if allowed(state)]
