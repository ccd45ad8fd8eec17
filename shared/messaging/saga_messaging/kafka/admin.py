"""The admin client, connected to a cluster that lists its brokers."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import NodeNotReadyError

_WAIT_SECONDS: Final = 0.1


@asynccontextmanager
async def connected_admin(
    options: Mapping[str, Any], seconds: float
) -> AsyncGenerator[AIOKafkaAdminClient]:
    """Yield a connected admin client, and close it in any case.

    A broker that has just started, or that was suspended, responds before the cluster lists it.
    aiokafka's admin client would then raise AttributeError, so the cluster is waited for.

    Args:
        options: Options of an aiokafka client, such as those of `client_options`.
        seconds: How long the cluster is waited for.

    Raises:
        KafkaError: No broker responded, or the cluster listed none within `seconds`.
    """
    admin = AIOKafkaAdminClient(**options)
    try:
        await admin.start()
        await _await_brokers(admin, seconds)
        yield admin
    finally:
        await admin.close()


async def _await_brokers(admin: AIOKafkaAdminClient, seconds: float) -> None:
    client = admin._client  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - no public name
    try:
        async with asyncio.timeout(seconds):
            while client.cluster.controller is None:
                await client.force_metadata_update()
                await asyncio.sleep(_WAIT_SECONDS)
    except TimeoutError:
        raise NodeNotReadyError(f"the cluster lists no broker after {seconds:g} s") from None
