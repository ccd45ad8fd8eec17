"""The declaration of the payment service."""

from typing import Final

from saga_messaging.service import Service

from payment_service.kafka_access import ACCESS

SERVICE: Final = Service(name="payment", module="payment_service", port=8002, access=ACCESS)
