"""What could not be handled is kept raw, with the reason, and the partition goes on."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from saga_schemas import Envelope, InvalidMessage, decode
from saga_schemas.envelope import derived_message_id
from saga_schemas.topics import Topic
from saga_schemas.values import MAX_ID_LENGTH

from saga_messaging.errors import TooManyDeadLetters
from saga_messaging.records import Outgoing, Record
from saga_messaging.settings import MessagingSettings

MAX_REASON_LENGTH: Final = 2_000

logger = structlog.get_logger(__name__)


class DeadLetters:
    """Makes dead letters, up to a limit: a bad deploy must not dead-letter everything."""

    def __init__(
        self,
        consumer: str,
        settings: MessagingSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._consumer = consumer
        self._settings = settings
        self._clock = clock
        self._recent: deque[float] = deque()

    def sift(
        self, topic: Topic, records: Sequence[Record]
    ) -> tuple[list[tuple[Record, Envelope]], list[Outgoing]]:
        """Part the records of a topic into its messages, and letters for what is no message.

        Raises:
            TooManyDeadLetters: See `count`.
        """
        messages: list[tuple[Record, Envelope]] = []
        letters: list[Outgoing] = []
        for record in records:
            try:
                messages.append((record, decode(topic, record.value or b"")))
            except InvalidMessage as error:
                letters.append(self.make(topic, record, str(error)))
        self.count(letters)
        return messages, letters

    def make(self, topic: Topic, record: Record, reason: str) -> Outgoing:
        """A dead letter of a record; it is not counted yet.

        The same record always makes the same dead letter, so that a redelivery adds none.
        """
        logger.error("dead_letter", record=record.place, reason=reason)
        place = (self._consumer, record.topic, record.partition, record.offset)
        return Outgoing(
            message_id=derived_message_id("dead-letter", *place),
            correlation_id=_text((record.key or b"").decode(errors="replace"), MAX_ID_LENGTH),
            type="dead-letter",
            topic=topic.dead_letters,
            key=record.key,
            value=record.value or b"",
            headers={
                "dead-letter-reason": _text(reason, MAX_REASON_LENGTH),
                "dead-letter-consumer": self._consumer,
                "dead-letter-topic": record.topic,
                "dead-letter-partition": str(record.partition),
                "dead-letter-offset": str(record.offset),
            },
        )

    def count(self, letters: Sequence[Outgoing]) -> None:
        """Count letters that are about to be stored.

        Raises:
            TooManyDeadLetters: The limit of the window is passed; store nothing, ack nothing.
        """
        now = self._clock()
        self._recent.extend(now for _ in letters)
        while self._recent and self._recent[0] <= now - self._settings.dead_letter_window_seconds:
            self._recent.popleft()
        if len(self._recent) > self._settings.dead_letter_limit:
            raise TooManyDeadLetters(
                f"{len(self._recent)} messages could not be handled within "
                f"{self._settings.dead_letter_window_seconds:g} s; the limit is "
                f"DEAD_LETTER_LIMIT={self._settings.dead_letter_limit}. Last: "
                f"{letters[-1].headers['dead-letter-reason']}"
            )


def _text(value: str, limit: int) -> str:
    """What PostgreSQL can store as text: bounded, and without NUL."""
    return value[:limit].replace("\0", "\ufffd")
