"""Outages: how long Kafka and PostgreSQL have been available, and the age of commands by that."""

import asyncio
import math
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

import structlog
from aiokafka.errors import KafkaError
from saga_schemas import Envelope
from saga_schemas.envelope import Command
from saga_schemas.values import FIRST_YEAR
from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from saga_messaging.errors import DatabaseUnavailable
from saga_messaging.kafka.publisher import Publisher
from saga_messaging.kafka.records import Record
from saga_messaging.postgres.database import Database
from saga_messaging.settings import MessagingSettings

_AWAY: Final = (KafkaError, OSError, TimeoutError, DatabaseUnavailable, SQLAlchemyError)
_EARLIEST: Final = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC).timestamp()
"""Before it, a timestamp is not a time: Kafka stores -1 for none, and some producers send 0."""

logger = structlog.get_logger(__name__)


class Availability:
    """The time since the last outage, as this process has observed it.

    A time-out does not run during an outage: whatever was under way gets its whole time-out again
    after it. An outage is a period of more than `outage_seconds` in which Kafka or PostgreSQL did
    not answer this process, or in which this process was suspended. A start of `watch` counts as
    the end of one: what was away before it is unknown.
    """

    def __init__(
        self, publisher: Publisher, database: Database, settings: MessagingSettings
    ) -> None:
        self._publisher = publisher
        self._database = database
        self._outage_seconds = settings.outage_seconds
        self._poll_seconds = settings.outage_poll_seconds
        self._answered_at: float | None = None
        self._since = 0.0

    def seconds(self) -> float:
        """Return the time since the last outage: 0 during one, infinite if nothing is watched."""
        if self._answered_at is None:
            return math.inf
        now = time.monotonic()
        if now - self._answered_at > self._outage_seconds:
            return 0.0
        return now - self._since

    def age(self, record: Record) -> float:
        """Return how long this process could have had a record, in seconds.

        Counted from when the record was published, by the clock of its publisher, or from the end
        of the last outage, whichever is later. 0 for a record without a usable timestamp.
        """
        if (published_at := record.timestamp) is None or published_at < _EARLIEST:
            return 0.0
        return min(max(0.0, time.time() - published_at), self.seconds())

    def set_ages(self, received: Iterable[tuple[Record, Envelope]]) -> None:
        """Set the age of each command among the received messages."""
        for record, message in received:
            if isinstance(message, Command):
                message.received_at_age(self.age(record))

    async def watch(self) -> None:
        """Ask Kafka and PostgreSQL every `outage_poll_seconds`, until canceled."""
        self._since = self._answered_at = time.monotonic()
        while True:
            try:
                async with asyncio.timeout(self._outage_seconds):
                    await self._ask()
            except _AWAY as error:
                logger.debug("not_available", error=repr(error))
            else:
                self._answered()
            await asyncio.sleep(self._poll_seconds)

    async def _ask(self) -> None:
        await self._publisher.topics()
        await self._database.transaction(_ask, give_up_after_seconds=self._outage_seconds)

    def _answered(self) -> None:
        now = time.monotonic()
        away = now - (self._answered_at or now)
        if away > self._outage_seconds:
            self._since = now
            logger.warning("outage_ended", seconds=round(away, 1))
        self._answered_at = now


def _ask(connection: Connection) -> None:
    connection.execute(select(1))
