"""Storage of a batch's effects: its inbox and outbox rows, in one transaction."""

from collections.abc import Sequence

import structlog
from saga_schemas import Envelope
from sqlalchemy import Connection, Table

from saga_messaging.delivery import inbox
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.delivery.outcomes import Deferred, Handled, Outcomes, Refused
from saga_messaging.kafka.records import Outgoing

logger = structlog.get_logger(__name__)


def store_effects(
    connection: Connection,
    inbox_table: Table,
    outbox: Outbox,
    messages: Sequence[Envelope],
    outcomes: Outcomes,
) -> list[Outgoing]:
    """Record each handled message with its effect, and store the messages that it sends.

    A refused message leaves no row, so a replay of its dead letter is handled as a new message. Nor
    does a message that is deferred to a newer process.

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
                logger.info("message_handled", **_facts(message), effect=outcome.effect)
            case Refused(reason):
                logger.info("message_refused", **_facts(message), reason=reason)
            case Deferred(reason, version):
                facts = _facts(message)
                logger.warning("message_deferred", **facts, reason=reason, version=version)
    inbox.record(connection, inbox_table, [(message, done.effect) for message, done in handled])
    outgoing = [
        Outgoing.of(sent if sent.causation_id else sent.caused_by(message))
        for message, outcome in handled
        for sent in outcome.send
    ]
    return outbox.store(connection, outgoing)


def _facts(message: Envelope) -> dict[str, str]:
    return {
        "type": message.type,
        "correlation_id": message.correlation_id,
        "message_id": str(message.message_id),
    }
