"""Topics and their messages. A message's Kafka key is its `correlation_id`."""

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

_by_type = Field(discriminator="type")

UserCommand = RetrievePaymentInfo
UserEvent = Annotated[PaymentInfoRetrieved | PaymentInfoFailed, _by_type]
PaymentCommand = Annotated[
    AuthorizePayment | CapturePayment | CancelPayment | RefundPayment, _by_type
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
    _by_type,
]
OrderEvent = Annotated[
    OrderAuthorized
    | OrderRejected
    | OrderCompleted
    | OrderRefunded
    | OrderCanceled
    | OrderExpired
    | OrderNeedsAttention,
    _by_type,
]

DEAD_LETTER_SUFFIX: Final = ".dlq"


@dataclass(frozen=True)
class Topic:
    """A topic with its messages; `adapter` validates any of them."""

    name: str
    messages: tuple[type[Envelope], ...]
    adapter: TypeAdapter[Any]

    @property
    def dead_letters(self) -> str:
        """The name of the topic of the records that could not be handled."""
        return f"{self.name}{DEAD_LETTER_SUFFIX}"


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
    """Return the topic of a message's type."""
    return _topic_of[type(message)]


def key_of(message: Envelope) -> bytes:
    """Return the Kafka key, the saga's id: a saga's messages share one partition number."""
    return message.correlation_id.encode()
