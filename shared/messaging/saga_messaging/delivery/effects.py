"""Writes down what a batch did: its inbox rows and its outbox rows, in one transaction."""

from collections.abc import Sequence

import structlog
from saga_schemas import Envelope
from sqlalchemy import Connection, Table

from saga_messaging.delivery import inbox
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.delivery.outcomes import Handled, Outcomes, Refused
from saga_messaging.kafka.records import Outgoing

logger = structlog.get_logger(__name__)


def store_effects(
    connection: Connection,
    inbox_table: Table,
    outbox: Outbox,
    messages: Sequence[Envelope],
    outcomes: Outcomes,
) -> list[Outgoing]:
    """Record each message that was handled with its effect, and store what it sends.

    A message that was refused had no effect: it may come again, from its dead letter, say, and is
    then handled as if for the first time.

    Returns:
        What was stored, to be offered to the outbox once the transaction has committed.

    Raises:
        IntegrityError: A message is in the inbox already; the transaction is to be run again.
    """
    handled: list[tuple[Envelope, Handled]] = []
    for message in messages:
        match outcomes[message.message_id]:
            case Handled() as outcome:
                handled.append((message, outcome))
                effect = outcome.effect
            case Refused(reason=effect):
                pass
        logger.info(
            message.type,
            correlation_id=message.correlation_id,
            message_id=str(message.message_id),
            effect=effect,
        )
    inbox.record(connection, inbox_table, [(each, done.effect) for each, done in handled])
    outgoing = [
        Outgoing.of(sent if sent.causation_id else sent.caused_by(message))
        for message, outcome in handled
        for sent in outcome.send
    ]
    return outbox.store(connection, outgoing)
