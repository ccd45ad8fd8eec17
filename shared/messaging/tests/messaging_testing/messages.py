"""Messages for the participant."""

from uuid import UUID, uuid4

from saga_messaging.kafka.records import Outgoing, Record
from saga_schemas.codec import encode
from saga_schemas.topics import USER_COMMANDS
from saga_schemas.user import (
    PaymentInfoFailed,
    PaymentInfoFailedPayload,
    RetrievePaymentInfo,
    RetrievePaymentInfoPayload,
)
from saga_schemas.values import OrderDetails

from messaging_testing.topics import Raw


def command(
    saga_id: str | None = None, user: str = "user_1", message_id: UUID | None = None
) -> RetrievePaymentInfo:
    order = OrderDetails(amount=1299)
    return RetrievePaymentInfo(
        message_id=message_id or uuid4(),
        correlation_id=saga_id or uuid4().hex,
        source="order-saga",
        payload=RetrievePaymentInfoPayload(clerk_user_id=user, order=order),
    )


def event(saga_id: str = "saga", message_id: UUID | None = None) -> PaymentInfoFailed:
    payload = PaymentInfoFailedPayload(code="user_not_found", message="no", clerk_user_id="u")
    return PaymentInfoFailed(
        message_id=message_id or uuid4(),
        correlation_id=saga_id,
        source="user-service",
        payload=payload,
    )


def outgoing(count: int = 1, saga_id: str = "saga") -> list[Outgoing]:
    return [Outgoing.of(event(saga_id)) for _ in range(count)]


def raw(message: RetrievePaymentInfo) -> Raw:
    return Raw(encode(message), message.correlation_id.encode())


def record(value: bytes | None, offset: int = 0, key: bytes | None = b"key") -> Record:
    return Record(USER_COMMANDS.name, 0, offset, key, value)


def records(*messages: RetrievePaymentInfo, offset: int = 0) -> list[Record]:
    return [record(encode(message), offset + n) for n, message in enumerate(messages)]
