"""A check of the service's topics at its start: missing ones, and settings that lose records."""

import asyncio

import structlog

from saga_messaging.kafka.access import Access
from saga_messaging.kafka.admin import connected_admin
from saga_messaging.kafka.client import client_options
from saga_messaging.kafka.topic_config import warn_of_mismatches
from saga_messaging.settings import MessagingSettings

logger = structlog.get_logger(__name__)


async def check_topics(settings: MessagingSettings, access: Access) -> None:
    """Log a warning for each topic that is missing, and for each setting that differs.

    Waits until a broker responds, and never raises: a check must not end the process.
    """
    while not await _checked(settings, access):  # noqa: ASYNC110 - nothing tells when Kafka is back
        await asyncio.sleep(settings.publish_retry_max_seconds)


async def _checked(settings: MessagingSettings, access: Access) -> bool:
    try:
        async with connected_admin(
            client_options(settings), settings.kafka_request_timeout_seconds
        ) as admin:
            existing = set(await admin.list_topics())
            used = {settings.kafka_topic_prefix + name for name in access.reads | access.writes}
            for topic in sorted(used - existing):  # or hidden from this user by the broker's ACLs
                logger.warning("topic_missing", topic=topic)
            await warn_of_mismatches(admin, settings, sorted(used & existing))
    except Exception as error:  # noqa: BLE001 - aiokafka's admin client is experimental
        logger.warning("topic_check_failed", error=repr(error))
        return False
    return True
