"""The declaration of the orchestrator as a service: name, port and Kafka access."""

from typing import Final

from saga_messaging.service import Service

from order_saga.kafka_access import ACCESS

SERVICE: Final = Service(name="order_saga", module="order_saga", port=8000, access=ACCESS)
