"""The retention component: passes over a service's tables, one bounded step after the other."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy import Connection, Table, func, select

from saga_messaging.delivery.retention.clock import untrusted_until
from saga_messaging.delivery.retention.steps import Cursor, Step, Task
from saga_messaging.delivery.retention.topics import (
    kept_longer,
    topic_retention_days,
)
from saga_messaging.kafka.access import Access
from saga_messaging.postgres.database import Database
from saga_messaging.settings import KafkaSettings, RetentionSettings

LOCK: Final = 7_245_002
"""Key of the advisory lock that lets one replica at a time remove rows."""

logger = structlog.get_logger(__name__)


class Retention:
    """Removes what is older than the settings say, and never what can still be needed.

    A step is one short transaction on a bounded number of rows; it waits for no lock. Any number
    of replicas may run: a step of one makes the others end their pass. A task that fails is logged
    and tried again by the next pass; it ends neither the pass nor the process.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the tables, what they are in, and the settings
        self,
        tasks: Sequence[Task],
        clock: Table,
        database: Database,
        access: Access,
        kafka: KafkaSettings,
        settings: RetentionSettings,
    ) -> None:
        self._tasks = tasks
        self._clock = clock
        self._database = database
        self._topics = [kafka.kafka_topic_prefix + name for name in access.described]
        self._kafka = kafka
        self._settings = settings

    async def run(self) -> None:
        """Make a pass every `retention_interval_seconds`, until canceled."""
        while True:
            await asyncio.sleep(self._settings.retention_interval_seconds)
            if self._settings.retention_enabled:
                await self.run_once()

    async def run_once(self) -> dict[str, int]:
        """Make one pass; return the number of rows that each task changed."""
        if not await self._clock_is_trusted():
            return {}
        safe = await self._topics_keep_less()
        tasks = [task for task in self._tasks if safe or not task.needs_topics]
        changed = {task.name: await self._run(task) for task in tasks}
        if any(changed.values()):
            logger.info("retention_completed", **changed)
        return changed

    async def _clock_is_trusted(self) -> bool:
        trial = timedelta(seconds=self._settings.retention_clock_trial_seconds)
        interval = timedelta(seconds=self._settings.retention_interval_seconds)
        waits = await self._database.transaction(
            lambda connection: untrusted_until(connection, self._clock, trial, interval)
        )
        if waits:
            logger.warning("retention_waits_for_clock", until=waits.isoformat())
        return not waits

    async def _run(self, task: Task) -> int:
        changed, cursor = 0, None
        while True:
            try:
                step = await self._step(task, cursor)
            except Exception:
                logger.exception("retention_failed", task=task.name)
                return changed
            changed += step.changed
            cursor = step.next
            if cursor is None:
                return changed
            await asyncio.sleep(self._settings.retention_pause_seconds)

    async def _step(self, task: Task, cursor: Cursor | None) -> Step:
        limit = self._settings.retention_batch_size

        def work(connection: Connection) -> Step:
            free = connection.scalar(select(func.pg_try_advisory_xact_lock(LOCK)))
            return task.step(connection, limit, cursor) if free else Step(0)

        return await self._database.transaction(work)

    async def _topics_keep_less(self) -> bool:
        """Return whether every message is forgotten by Kafka before it is forgotten here."""
        days = self._settings.message_retention_days
        try:
            longer = kept_longer(await topic_retention_days(self._kafka, self._topics), days)
        except Exception as error:  # noqa: BLE001 - aiokafka's admin client is experimental
            logger.warning("retention_waits_for_kafka", error=repr(error))
            return False
        for topic, kept in longer.items():
            logger.error(
                "retention_refused",
                topic=topic,
                topic_retention_days=kept,
                message_retention_days=days,
                cure="raise MESSAGE_RETENTION_DAYS above the topic's retention.ms, or lower that",
            )
        return not longer
