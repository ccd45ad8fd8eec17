"""Dead letters: records that cannot be handled, kept raw with the reason."""

import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

import structlog
from saga_schemas import Envelope, InvalidMessage, decode
from saga_schemas.codec import encode
from saga_schemas.envelope import derived_message_id
from saga_schemas.text import storable
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
    """Makes dead letters, of unreadable records up to a limit for each topic.

    The limit keeps a bad release from turning every message into a dead letter. It applies to one
    process and counts records that are not valid messages, or that cannot be stored, each once; a
    valid message that its handler refuses is not counted. Thread-safe; several intakes may share
    an instance.
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
        self._unreadable: dict[str, dict[UUID, float]] = {}
        self._lock = threading.Lock()

    def decode(
        self, topic: Topic, records: Sequence[Record], *, limited: bool = True
    ) -> tuple[list[tuple[Record, Envelope]], list[Outgoing]]:
        """Decode the records of a topic; make dead letters of those that are not valid messages.

        Returns:
            Each valid record with its message, and the dead letters, both in the records' order.

        Raises:
            TooManyDeadLetters: The limit is reached, and these partitions have further unreadable
                records. Store and acknowledge nothing; pass the records before those again.
        """
        messages: list[tuple[Record, Envelope]] = []
        dead_letters: list[Outgoing] = []
        left: dict[int, int] = {}
        last = ""
        for record in records:
            if record.partition in left:
                continue
            try:
                messages.append((record, _decode(topic, record)))
            except InvalidMessage as error:
                reason = record.unreadable or str(error)
                if limited and not self._admit(topic, record):
                    left[record.partition], last = record.offset, reason
                    continue
                dead_letters.append(self.make(topic, record, reason))
        if left:
            raise TooManyDeadLetters(self._explain(topic, last), left)
        return messages, dead_letters

    def make(self, topic: Topic, record: Record, reason: str) -> Outgoing:
        """Return a record's dead letter.

        A redelivered record has the same dead letter, which the outbox stores once. Its key and
        value are the record's, cut to `MAX_KEY_BYTES` and `MAX_VALUE_BYTES`: a compressed record
        may be larger than Kafka would accept again.
        """
        reason = storable(reason[:MAX_REASON_LENGTH])
        logger.error("dead_letter", record=record.position, reason=reason)
        return Outgoing(
            message_id=self._id_of(record),
            correlation_id=storable((record.key or b"").decode(errors="replace")[:MAX_ID_LENGTH]),
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

    def admit(self, topic: Topic, record: Record, reason: str) -> None:
        """Count a record that becomes a dead letter although it is a valid message.

        Raises:
            TooManyDeadLetters: The limit is reached; leave the record and those behind it.
        """
        if not self._admit(topic, record):
            raise TooManyDeadLetters(
                self._explain(topic, reason), {record.partition: record.offset}
            )

    def _admit(self, topic: Topic, record: Record) -> bool:
        """Count a record; return False if it exceeds the limit of its topic."""
        now, id_ = self._clock(), self._id_of(record)
        window = self._settings.dead_letter_window_seconds
        with self._lock:
            counted = self._unreadable.get(topic.name, {})
            recent = {id_: at for id_, at in counted.items() if at > now - window}
            self._unreadable[topic.name] = recent
            if id_ not in recent and len(recent) >= self._settings.dead_letter_limit:
                return False
            recent.setdefault(id_, now)
        return True

    def _id_of(self, record: Record) -> UUID:
        # With the content, because a topic that is created again has the same offsets again.
        content = hashlib.blake2b(record.value or b"", digest_size=16).hexdigest()
        origin = (self._consumer, record.topic, record.partition, record.offset)
        return derived_message_id("dead-letter", *origin, content)

    def _explain(self, topic: Topic, reason: str) -> str:
        limit, window = self._settings.dead_letter_limit, self._settings.dead_letter_window_seconds
        return (
            f"more than DEAD_LETTER_LIMIT={limit} records of {topic.name} within {window:g} s are "
            "not valid messages, or cannot be stored. If the release is at fault, start one that "
            "can handle them; if the sender is, stop it, then start this service once with a "
            "higher DEAD_LETTER_LIMIT: they become dead letters. The last reason: "
            f"{storable(reason[:MAX_REASON_LENGTH])}"
        )


def _decode(topic: Topic, record: Record) -> Envelope:
    """Return the message of a record's value.

    Raises:
        InvalidMessage: The record cannot be read, its value is not a valid message of the topic,
            or PostgreSQL could not store the message in the inbox.
    """
    value = record.value or b""
    if record.unreadable:
        raise InvalidMessage(topic.name, {"(the whole record)": record.unreadable})
    message = decode(topic, value)
    if _NUL in value and _NUL in encode(message):
        raise InvalidMessage(topic.name, {"(the whole message)": "text must not contain U+0000"})
    return message


def _cut_header(record: Record) -> dict[str, str]:
    """Return headers about what the dead letter lacks: of the original, its sizes and digest."""
    if record.unreadable:
        return {"dead-letter-cut": "the value has the raw bytes of what cannot be read"}
    key, value = len(record.key or b""), len(record.value or b"")
    if key <= MAX_KEY_BYTES and value <= MAX_VALUE_BYTES:
        return {}
    return cut_headers(record.key, record.value)
