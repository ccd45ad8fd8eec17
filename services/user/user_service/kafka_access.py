"""The user service's consumer group and topics."""

from typing import Final

from saga_messaging.kafka.access import Access
from saga_schemas.topics import USER_COMMANDS, USER_EVENTS

ACCESS: Final = Access(group="user-service", consumes=(USER_COMMANDS,), produces=(USER_EVENTS,))
