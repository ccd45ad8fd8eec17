"""The service's Kafka consumer group and topics."""

from typing import Final

from saga_messaging.kafka.access import Access
from saga_schemas.topics import PAYMENT_COMMANDS, PAYMENT_EVENTS

ACCESS: Final = Access(
    group="payment-service",
    consumes=(PAYMENT_COMMANDS,),
    produces=(PAYMENT_EVENTS,),
    describes=(PAYMENT_COMMANDS,),
)
