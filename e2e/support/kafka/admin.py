"""Requests to Kafka's admin API from tests that do not run an event loop."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiokafka.admin import AIOKafkaAdminClient
from support.system import System

T = TypeVar("T")


def with_admin(system: System, request: Callable[[AIOKafkaAdminClient], Awaitable[T]]) -> T:
    """Return the result of `request`, called with an admin client that is closed afterwards."""

    async def run() -> T:
        admin = AIOKafkaAdminClient(bootstrap_servers=system.kafka_bootstrap)
        try:
            await admin.start()
            return await request(admin)
        finally:
            await admin.close()

    return asyncio.run(run())
