"""The facts that explain where an order stands and who has to act."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from saga_engine.declaration import Definition, Node, Parked, Rest, Step
from saga_engine.messages import ResolvePayload, ResolveRequested
from saga_schemas import Envelope
from saga_schemas.topics import topic_of

from order_saga.create_order.messages import CancelRequested, CaptureRequested, RefundRequested
from order_saga.create_order.state import OrderSaga
from order_saga.kafka_access import ACCESS, PARTICIPANTS

_ACTIONS: Final[dict[type[Envelope], str]] = {
    CaptureRequested: "capture",
    CancelRequested: "cancel",
    RefundRequested: "refund",
}


@dataclass(frozen=True, slots=True)
class Route:
    """A topic and the consumer group that reads it."""

    group: str
    topic: str


@dataclass(frozen=True, slots=True)
class Consumer:
    """A consumer group on the partition of the order.

    Attributes:
        behind: Unread messages that Kafka retains.
        members: Members of the group; 0 if no consumer is running.
        expired: Unread messages that Kafka no longer retains.
        held_back: Offsets behind the beginning of a transaction that its producer has not ended.
    """

    group: str
    topic: str
    partition: int
    behind: int
    members: int
    expired: int = 0
    held_back: int = 0


@dataclass(frozen=True, slots=True)
class DeadLetterRef:
    """The position of a dead letter of the order, and why the message was not handled."""

    topic: str
    partition: int
    offset: int
    reason: str


@dataclass(frozen=True, slots=True)
class LastMessage:
    """The message that the order sent when it entered its state.

    Attributes:
        decided_at: When the state was entered, and the message stored in the outbox.
        sent_at: When Kafka acknowledged it; None until then.
        dropped: Who gave it up and why, if Kafka refused it.
    """

    type: str
    decided_at: datetime
    sent_at: datetime | None
    dropped: str | None = None


@dataclass(frozen=True, slots=True)
class RefusedMessage:
    """A message of the order that Kafka refused; it is parked in the outbox.

    Attributes:
        at: When it was parked.
        held: Messages of the order on the same topic that wait behind it.
    """

    message_id: UUID
    type: str
    topic: str
    at: datetime
    reason: str
    held: int


@dataclass(frozen=True, slots=True)
class OrderContext:
    """An order as the database has it.

    Attributes:
        now: The database's time.
        since: When the order entered its state.
        last_message: None if the outbox no longer has it.
        times_out_at: When the step times out; None if no reply is awaited, or until the command
            is sent.
        refused: Messages that Kafka refused, newest first.
    """

    saga: OrderSaga
    now: datetime
    since: datetime
    last_message: LastMessage | None
    times_out_at: datetime | None
    refused: Sequence[RefusedMessage] = ()


@dataclass(frozen=True, slots=True)
class ExplanationFacts:
    """All facts that an explanation is made of.

    Attributes:
        definition: The version of the saga that the order started with.
        consumers: Those of the awaited step's command and reply, or why they are unknown.
        dead_letters: Those that no operator has replayed or dropped, or why they are unknown.
    """

    order: OrderContext
    definition: Definition
    consumers: Sequence[Consumer] | str
    dead_letters: Sequence[DeadLetterRef] | str

    @property
    def node(self) -> Node:
        """The declaration of the order's state."""
        return self.definition.nodes[self.order.saga.state]

    @property
    def can_retry(self) -> bool:
        """True if the order is parked in a step, whose command can be sent again."""
        return isinstance(active_node(self.definition, self.order.saga), Step)


def active_node(definition: Definition, saga: OrderSaga) -> Node:
    """Return the declaration of the state that was parked, or else of the order's state."""
    return definition.nodes[saga.parked or saga.state]


def routes_of(saga: OrderSaga, node: Node) -> Sequence[Route]:
    """Return who must read the step's command, and its reply; empty if `node` is not a step."""
    if not isinstance(node, Step):
        return ()
    commands = topic_of(node.command(saga))
    service, replies = PARTICIPANTS[commands]
    return Route(service, commands.name), Route(ACCESS.group, replies.name)


def accepted_actions(node: Node) -> Sequence[str]:
    """Return the actions that can be requested of an order in this state."""
    rules = node.rules if isinstance(node, Step | Rest) else ()
    actions = (_ACTIONS.get(rule.message) for rule in rules)
    return list(dict.fromkeys(action for action in actions if action))


def allowed_resolutions(saga: OrderSaga, node: Node) -> Sequence[str]:
    """Return the states in which an operator can end the order; empty if it is not parked."""
    if not isinstance(node, Parked):
        return ()

    def allowed(state: str) -> bool:
        payload = ResolvePayload.model_validate({"as": state})
        return node.unless(saga, ResolveRequested(correlation_id=saga.id, payload=payload)) is None

    return [state for state in (*node.resolutions, *node.committed) if allowed(state)]
