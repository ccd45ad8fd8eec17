"""The declaration of the user service."""

from typing import Final

from saga_messaging.service import Service

from user_service.kafka_access import ACCESS

SERVICE: Final = Service(name="user", module="user_service", port=8001, access=ACCESS)
