"""Refusals of records that no retry can cure, told from outages."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from aiokafka.errors import (
    BrokerResponseError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
    UnsupportedForMessageFormatError,
    kafka_errors,
)

from saga_messaging.kafka.records import Outgoing


class InvalidRecord(BrokerResponseError):
    """The topic does not accept such a record, for example one without a key if it is compacted."""

    errno = 87  # INVALID_RECORD: https://kafka.apache.org/protocol.html#protocol_error_codes
    message = "INVALID_RECORD"


kafka_errors.setdefault(InvalidRecord.errno, InvalidRecord)  # aiokafka knows the codes up to 79

_TOO_LARGE: Final = (MessageSizeTooLargeError, RecordListTooLargeError)
_REFUSALS: Final = (
    *_TOO_LARGE,
    InvalidRecord,
    PolicyViolationError,
    UnsupportedForMessageFormatError,
)
_REASONS: Final = {
    MessageSizeTooLargeError: "it is larger than max.message.bytes of the topic",
    RecordListTooLargeError: "it is larger than segment.bytes of the topic",
    InvalidRecord: "the topic does not accept such a record; a compacted topic requires a key",
    PolicyViolationError: "it violates a policy of the cluster",
    UnsupportedForMessageFormatError: "the topic's message format does not support it",
}


def is_refusal(error: BaseException) -> bool:
    """Return True if the same record would be refused again, however often it is sent.

    Every other error, unknown ones too, counts as an outage: a record that is parked needs an
    operator, and a record that waits does not. That is so for INVALID_TIMESTAMP too: a record has
    the time at which it is sent, so it is accepted once the clocks agree.
    """
    return isinstance(error, _REFUSALS)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that Kafka refused, sent alone, and the error."""

    record: Outgoing
    error: BaseException

    @property
    def too_large(self) -> bool:
        """True if a smaller record might be accepted."""
        return isinstance(self.error, _TOO_LARGE)

    @property
    def reason(self) -> str:
        """The reason in words, with Kafka's name of the error."""
        words = next(text for kind, text in _REASONS.items() if isinstance(self.error, kind))
        return f"Kafka refused the record: {words} ({type(self.error).__name__})"


@dataclass(frozen=True, slots=True)
class PublishResult:
    """The records of a call that were not published; the broker acknowledged all others.

    Attributes:
        refused: Records that no retry can publish.
        held: Records behind a refused one of the same key, which would overtake it.
    """

    refused: Sequence[Refusal] = field(default_factory=list[Refusal])
    held: Sequence[Outgoing] = field(default_factory=list[Outgoing])
