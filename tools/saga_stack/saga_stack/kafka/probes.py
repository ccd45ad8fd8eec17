"""Readiness checks of Kafka brokers."""

from collections.abc import Mapping
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from saga_stack.kafka.event_loop import run_on_kafka_loop


def broker_answers(options: Mapping[str, Any]) -> bool:
    """Tell whether a broker returns metadata that lists at least one live broker."""
    return bool(live_brokers(options))


def live_brokers(options: Mapping[str, Any]) -> frozenset[int]:
    """Return the ids of the live brokers according to the bootstrap broker.

    The result is empty if the bootstrap broker does not respond. May be called with or without a
    running event loop.

    Args:
        options: Options of an aiokafka client: `bootstrap_servers`, and credentials if needed.
    """
    return run_on_kafka_loop(_brokers(options))


async def _brokers(options: Mapping[str, Any]) -> frozenset[int]:
    client = AIOKafkaClient(**options, request_timeout_ms=2000)
    try:
        await client.bootstrap()
        return frozenset(broker.nodeId for broker in client.cluster.brokers())
    except KafkaError:
        return frozenset()
    finally:
        await client.close()
