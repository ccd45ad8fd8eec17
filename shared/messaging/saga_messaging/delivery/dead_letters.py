"""What could not be handled is kept raw, with the reason, and the partition goes on."""

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

from saga_messaging.errors import TooManyDeadLetters
from saga_messaging.kafka.client import MAX_RECORD_BYTES
from saga_messaging.kafka.records import Outgoing, Record
from saga_messaging.settings import MessagingSettings

MAX_REASON_LENGTH: Final = 2_000
MAX_KEY_BYTES: Final = 64 * 1024
MAX_VALUE_BYTES: Final = MAX_RECORD_BYTES - 2 * MAX_KEY_BYTES
"""What is left for the value of a dead letter beside its key and its headers."""

_NUL: Final = b"\\u0000"

logger = structlog.get_logger(__name__)


class DeadLetters:
    """Makes dead letters, up to a limit: a bad deploy must not dead-letter everything.

    The limit is each process's own. May be shared by intakes and called from any thread.
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
                messages.append((record, _decode(topic, record.value or b"")))
            except InvalidMessage as error:
                letters.append(self.make(topic, record, str(error)))
        self.count(letters)
        return messages, letters

    def make(self, topic: Topic, record: Record, reason: str) -> Outgoing:
        """A dead letter of a record; it is not counted yet.

        The same record always makes the same dead letter, so that a redelivery adds none. It is
        the record as it came, but for what is longer than Kafka would take back: compressed, a
        record that is many times as large may have come in.
        """
        reason = _text(reason, MAX_REASON_LENGTH)
        logger.error("dead_letter", record=record.place, reason=reason)
        place = (self._consumer, record.topic, record.partition, record.offset)
        return Outgoing(
            message_id=derived_message_id("dead-letter", *place),
            correlation_id=_text((record.key or b"").decode(errors="replace"), MAX_ID_LENGTH),
            type="dead-letter",
            topic=topic.dead_letters,
            key=record.key and record.key[:MAX_KEY_BYTES],
            value=(record.value or b"")[:MAX_VALUE_BYTES],
            headers={
                "dead-letter-reason": reason,
                "dead-letter-consumer": self._consumer,
                "dead-letter-topic": record.topic,
                "dead-letter-partition": str(record.partition),
                "dead-letter-offset": str(record.offset),
                **_cut(record),
            },
        )

    def count(self, letters: Sequence[Outgoing]) -> None:
        """Count letters that are about to be stored; a letter that is counted twice counts once.

        Raises:
            TooManyDeadLetters: The limit of the window is passed; store nothing, ack nothing.
        """
        if not letters:
            return
        now = self._clock()
        window = self._settings.dead_letter_window_seconds
        with self._lock:
            for letter in letters:
                self._recent.setdefault(letter.message_id, now)
            self._recent = {id_: at for id_, at in self._recent.items() if at > now - window}
            counted = len(self._recent)
        if counted > self._settings.dead_letter_limit:
            raise TooManyDeadLetters(
                f"{counted} messages could not be handled within {window:g} s; the limit is "
                f"DEAD_LETTER_LIMIT={self._settings.dead_letter_limit}. Last: "
                f"{letters[-1].headers['dead-letter-reason']}"
            )


def _decode(topic: Topic, value: bytes) -> Envelope:
    """The message of a record.

    Raises:
        InvalidMessage: It is none, or none that PostgreSQL could store in its inbox.
    """
    message = decode(topic, value)
    if _NUL in value and _NUL in encode(message):
        raise InvalidMessage(topic.name, {"(the whole message)": "Text must not hold U+0000"})
    return message


def _cut(record: Record) -> dict[str, str]:
    """A header that says so where a dead letter does not hold all of its record."""
    key, value = len(record.key or b""), len(record.value or b"")
    if key <= MAX_KEY_BYTES and value <= MAX_VALUE_BYTES:
        return {}
    return {"dead-letter-cut": f"the key had {key} bytes, the value {value}"}


def _text(value: str, limit: int) -> str:
    """What PostgreSQL can store as text: bounded, and without NUL."""
    return value[:limit].replace("\0", "\ufffd")
