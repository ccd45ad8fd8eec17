"""Each topic and the messages that travel on it. A message's Kafka key is its `correlation_id`."""

from dataclasses import dataclass
from typing import Annotated, Any, Final, get_args

from pydantic import Field, TypeAdapter

from saga_schemas.envelope import Envelope
from saga_schemas.order import (
    OrderAuthorized,
    OrderCanceled,
    OrderCompleted,
    OrderExpired,
    OrderNeedsAttention,
    OrderRefunded,
    OrderRejected,
)
from saga_schemas.payment import AuthorizePayment, PaymentAuthorized, PaymentFailed
from saga_schemas.payment_lifecycle import (
    CancelPayment,
    CapturePayment,
    PaymentAuthorizationExpired,
    PaymentCanceled,
    PaymentCancelFailed,
    PaymentCaptured,
    PaymentCaptureFailed,
    PaymentDisputed,
    PaymentRefunded,
    PaymentRefundFailed,
    RefundPayment,
)
from saga_schemas.user import PaymentInfoFailed, PaymentInfoRetrieved, RetrievePaymentInfo

type_is = Field(discriminator="type")

UserCommand = RetrievePaymentInfo
UserEvent = Annotated[PaymentInfoRetrieved | PaymentInfoFailed, type_is]
PaymentCommand = Annotated[
    AuthorizePayment | CapturePayment | CancelPayment | RefundPayment, type_is
]
PaymentEvent = Annotated[
    PaymentAuthorized
    | PaymentFailed
    | PaymentCaptured
    | PaymentCaptureFailed
    | PaymentCanceled
    | PaymentCancelFailed
    | PaymentRefunded
    | PaymentRefundFailed
    | PaymentAuthorizationExpired
    | PaymentDisputed,
    type_is,
]
OrderEvent = Annotated[
    OrderAuthorized
    | OrderRejected
    | OrderCompleted
    | OrderRefunded
    | OrderCanceled
    | OrderExpired
    | OrderNeedsAttention,
    type_is,
]


@dataclass(frozen=True)
class Topic:
    """A topic, and the parser of all that may stand on it."""

    name: str
    messages: tuple[type[Envelope], ...]
    adapter: TypeAdapter[Any]

    @property
    def dead_letters(self) -> str:
        """The name of the topic that keeps what could not be handled."""
        return f"{self.name}.dlq"


def _topic(name: str, union: Any) -> Topic:
    messages = (union,) if isinstance(union, type) else get_args(get_args(union)[0])
    return Topic(name, messages, TypeAdapter(union))


USER_COMMANDS: Final = _topic("user_commands", UserCommand)
USER_EVENTS: Final = _topic("user_events", UserEvent)
PAYMENT_COMMANDS: Final = _topic("payment_commands", PaymentCommand)
PAYMENT_EVENTS: Final = _topic("payment_events", PaymentEvent)
ORDER_EVENTS: Final = _topic("order_events", OrderEvent)

TOPICS: Final = (USER_COMMANDS, USER_EVENTS, PAYMENT_COMMANDS, PAYMENT_EVENTS, ORDER_EVENTS)
MESSAGES: Final = tuple(message for topic in TOPICS for message in topic.messages)

_topic_of = {message: topic for topic in TOPICS for message in topic.messages}


def topic_of(message: Envelope) -> Topic:
    """The one topic that this message travels on."""
    return _topic_of[type(message)]


def key_of(message: Envelope) -> bytes:
    """The Kafka key: the saga's id, so that a saga's messages keep one partition number."""
    return message.correlation_id.encode()
