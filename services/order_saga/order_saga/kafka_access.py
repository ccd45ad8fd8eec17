"""What the orchestrator does with Kafka, and who takes part in its sagas."""

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
"""By the topic of its commands: the group of a participant, and the topic of its replies."""

ACCESS: Final = Access(
    group="order-saga",
    consumes=tuple(replies for _, replies in PARTICIPANTS.values()),
    produces=(*PARTICIPANTS, ORDER_EVENTS),
    replays=TOPICS,
    watches=tuple(group for group, _ in PARTICIPANTS.values()),
)
