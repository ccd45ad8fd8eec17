"""The services of the stack, the names of its other components, and the default ports."""

from collections.abc import Mapping

from saga_messaging.service import registered_services

SERVICES = registered_services()
KAFKA = "kafka"
POSTGRES = "postgres"
EMULATOR = "emulator"

DEFAULT_PORTS: Mapping[str, int] = {
    **{service.name: service.port for service in SERVICES.values()},
    EMULATOR: 12111,
    KAFKA: 9092,
}
"""The ports of `saga up`. Other stacks use free ports."""


def replicas_of(name: str, count: int) -> tuple[str, ...]:
    """Return the component names of a service's replicas: `payment`, `payment-2`, `payment-3`."""
    return (name, *(f"{name}-{number}" for number in range(2, count + 1)))
