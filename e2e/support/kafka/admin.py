"""Requests to Kafka's admin API from tests that do not run an event loop."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiokafka.admin import AIOKafkaAdminClient
from saga_messaging.kafka.admin import connected_admin
from support.system import System

T = TypeVar("T")


def with_admin(system: System, request: Callable[[AIOKafkaAdminClient], Awaitable[T]]) -> T:
    """Return the result of `request`, called with an admin client that is closed afterwards."""

    async def run() -> T:
        async with connected_admin({"bootstrap_servers": system.kafka_bootstrap}, 60) as admin:
            return await request(admin)

    return asyncio.run(run())
