"""Kafka access of the orchestrator, and the participants of its sagas."""

from typing import Final

from saga_messaging.kafka.access import Access
from saga_schemas.topics import (
    ORDER_EVENTS,
    PAYMENT_COMMANDS,
    PAYMENT_EVENTS,
    TOPICS,
    USER_COMMANDS,
    USER_EVENTS,
)

PARTICIPANTS: Final = {
    USER_COMMANDS: ("user-service", USER_EVENTS),
    PAYMENT_COMMANDS: ("payment-service", PAYMENT_EVENTS),
}
"""The consumer group and the reply topic of each participant, by its command topic."""

_REPLIES: Final = tuple(replies for _, replies in PARTICIPANTS.values())

ACCESS: Final = Access(
    group="order-saga",
    consumes=_REPLIES,
    produces=(*PARTICIPANTS, ORDER_EVENTS),
    replays=TOPICS,
    watches=tuple(group for group, _ in PARTICIPANTS.values()),
    describes=_REPLIES,
)
