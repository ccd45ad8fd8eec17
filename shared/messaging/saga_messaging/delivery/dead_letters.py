"""Dead letters: records that cannot be handled, kept raw with the reason."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

import structlog
from saga_schemas import Envelope, InvalidMessage, decode
from saga_schemas.codec import encode
from saga_schemas.envelope import derived_message_id
from saga_schemas.topics import Topic
from saga_schemas.values import MAX_ID_LENGTH

from saga_messaging.delivery.dead_letter_cut import cut_headers
from saga_messaging.errors import TooManyDeadLetters
from saga_messaging.kafka.client import MAX_RECORD_BYTES
from saga_messaging.kafka.records import DEAD_LETTER, Outgoing, Record
from saga_messaging.settings import MessagingSettings

MAX_REASON_LENGTH: Final = 2_000
MAX_KEY_BYTES: Final = 64 * 1024
MAX_VALUE_BYTES: Final = MAX_RECORD_BYTES - 2 * MAX_KEY_BYTES
"""Largest value of a dead letter; the rest of the record is for its key and headers."""

_NUL: Final = b"\\u0000"

logger = structlog.get_logger(__name__)


class DeadLetters:
    """Makes dead letters up to a limit, so that a bad deploy does not dead-letter everything.

    The limit applies to one process. Thread-safe; several intakes may share an instance.
    """

    def __init__(
        self,
        consumer: str,
        settings: MessagingSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._consumer = consumer
        self._settings = settings
        self._clock = clock
        self._recent: dict[UUID, float] = {}
        self._lock = threading.Lock()

    def decode(
        self, topic: Topic, records: Sequence[Record]
    ) -> tuple[list[tuple[Record, Envelope]], list[Outgoing]]:
        """Decode the records of a topic; make dead letters of those that are not valid messages.

        Returns:
            Each valid record with its message, and the dead letters, both in the records' order.

        Raises:
            TooManyDeadLetters: The limit is exceeded; store nothing, acknowledge nothing.
        """
        messages: list[tuple[Record, Envelope]] = []
        dead_letters: list[Outgoing] = []
        for record in records:
            try:
                messages.append((record, _decode(topic, record.value or b"")))
            except InvalidMessage as error:
                dead_letters.append(self.make(topic, record, str(error)))
        self.count(dead_letters)
        return messages, dead_letters

    def make(self, topic: Topic, record: Record, reason: str) -> Outgoing:
        """Return a record's dead letter, without counting it.

        A redelivered record has the same dead letter, which the outbox stores once. Its key and
        value are the record's, cut to `MAX_KEY_BYTES` and `MAX_VALUE_BYTES`: a compressed record
        may be larger than Kafka would accept again.
        """
        reason = _text(reason, MAX_REASON_LENGTH)
        logger.error("dead_letter", record=record.position, reason=reason)
        origin = (self._consumer, record.topic, record.partition, record.offset)
        return Outgoing(
            message_id=derived_message_id("dead-letter", *origin),
            correlation_id=_text((record.key or b"").decode(errors="replace"), MAX_ID_LENGTH),
            type=DEAD_LETTER,
            topic=topic.dead_letters,
            key=record.key and record.key[:MAX_KEY_BYTES],
            value=(record.value or b"")[:MAX_VALUE_BYTES],
            headers={
                "dead-letter-reason": reason,
                "dead-letter-consumer": self._consumer,
                "dead-letter-topic": record.topic,
                "dead-letter-partition": str(record.partition),
                "dead-letter-offset": str(record.offset),
                **_cut_header(record),
            },
        )

    def count(self, dead_letters: Sequence[Outgoing]) -> None:
        """Count dead letters that are about to be stored; each counts once, by its `message_id`.

        Raises:
            TooManyDeadLetters: The window's limit is exceeded; store nothing, acknowledge nothing.
        """
        if not dead_letters:
            return
        now = self._clock()
        window = self._settings.dead_letter_window_seconds
        with self._lock:
            for dead_letter in dead_letters:
                self._recent.setdefault(dead_letter.message_id, now)
            self._recent = {id_: at for id_, at in self._recent.items() if at > now - window}
            counted = len(self._recent)
        if counted > self._settings.dead_letter_limit:
            raise TooManyDeadLetters(
                f"{counted} dead letters within {window:g} s exceed "
                f"DEAD_LETTER_LIMIT={self._settings.dead_letter_limit}. Last reason: "
                f"{dead_letters[-1].headers['dead-letter-reason']}"
            )


def _decode(topic: Topic, value: bytes) -> Envelope:
    """Return the message of a record's value.

    Raises:
        InvalidMessage: The value is not a valid message of the topic, or PostgreSQL could not
            store the message in the inbox.
    """
    message = decode(topic, value)
    if _NUL in value and _NUL in encode(message):
        raise InvalidMessage(topic.name, {"(the whole message)": "text must not contain U+0000"})
    return message


def _cut_header(record: Record) -> dict[str, str]:
    """Return headers with the original sizes and digest, if the key or the value is cut."""
    key, value = len(record.key or b""), len(record.value or b"")
    if key <= MAX_KEY_BYTES and value <= MAX_VALUE_BYTES:
        return {}
    return cut_headers(record.key, record.value)


def _text(value: str, limit: int) -> str:
    """Return the value as text that PostgreSQL can store: bounded, and without NUL."""
    return value[:limit].replace("\0", "\ufffd")
