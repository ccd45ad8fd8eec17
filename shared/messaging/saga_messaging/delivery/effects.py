"""Storage of a batch's effects: its inbox and outbox rows, in one transaction."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import structlog
from saga_schemas import Envelope
from sqlalchemy import Connection, Table

from saga_messaging.delivery import inbox
from saga_messaging.delivery.inbox import NO_ENTRIES, Entry
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.delivery.outcomes import Deferred, Handled, Ignored, Outcomes, Refused
from saga_messaging.kafka.records import Outgoing

logger = structlog.get_logger(__name__)


def store_effects(  # noqa: PLR0913 - the tables, and the messages with all that is known
    connection: Connection,
    inbox_table: Table,
    outbox: Outbox,
    messages: Sequence[Envelope],
    outcomes: Outcomes,
    *,
    entries: Mapping[UUID, Entry] = NO_ENTRIES,
) -> list[Outgoing]:
    """Record each handled message with its effect, and store the messages that it sends.

    A refused message leaves no row, so a replay of its dead letter is handled as a new message. Nor
    does a message that is ignored, or deferred to a newer process. `entries` has the place of each
    message from Kafka in the inbox.

    Returns:
        The stored messages, to be offered to the outbox once the transaction has committed.

    Raises:
        IntegrityError: A message is in the inbox already; run the transaction again.
    """
    handled: list[tuple[Envelope, Handled]] = []
    for message in messages:
        match outcomes[message.message_id]:
            case Handled() as outcome:
                handled.append((message, outcome))
                logger.info("message_handled", **facts_of(message), effect=outcome.effect)
            case Refused(reason):
                logger.info("message_refused", **facts_of(message), reason=reason)
            case Ignored(reason):
                logger.info("message_ignored", **facts_of(message), reason=reason)
            case Deferred(reason, version):
                facts = facts_of(message)
                logger.warning("message_deferred", **facts, reason=reason, version=version)
    effects = [(message, done.effect) for message, done in handled]
    inbox.record(connection, inbox_table, effects, entries)
    outgoing = [
        Outgoing.of(sent if sent.causation_id else sent.caused_by(message))
        for message, outcome in handled
        for sent in outcome.send
    ]
    return outbox.store(connection, outgoing)


def facts_of(message: Envelope) -> dict[str, str]:
    """Return the fields that identify a message in the log."""
    return {
        "type": message.type,
        "correlation_id": message.correlation_id,
        "message_id": str(message.message_id),
    }
