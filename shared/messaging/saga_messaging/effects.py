"""Writes down what a batch did: its inbox rows and its outbox rows, in one transaction."""

from collections.abc import Sequence

import structlog
from saga_schemas import Envelope
from sqlalchemy import Connection, Table

from saga_messaging import inbox
from saga_messaging.outbox import Outbox
from saga_messaging.outcomes import Handled, Outcomes
from saga_messaging.records import Outgoing

logger = structlog.get_logger(__name__)


def store_effects(
    connection: Connection,
    inbox_table: Table,
    outbox: Outbox,
    messages: Sequence[Envelope],
    outcomes: Outcomes,
) -> list[Outgoing]:
    """Record each message with its effect, and store what it sends.

    Returns:
        What was stored, to be offered to the outbox once the transaction has committed.

    Raises:
        IntegrityError: A message is in the inbox already; the transaction is to be run again.
    """
    effects = {
        message_id: outcome.effect if isinstance(outcome, Handled) else outcome.reason
        for message_id, outcome in outcomes.items()
    }
    for message in messages:
        logger.info(
            message.type,
            correlation_id=message.correlation_id,
            message_id=str(message.message_id),
            effect=effects[message.message_id],
        )
    inbox.record(connection, inbox_table, messages, effects)
    outgoing = [
        Outgoing.of(sent if sent.causation_id else sent.caused_by(message))
        for message in messages
        if isinstance(outcome := outcomes[message.message_id], Handled)
        for sent in outcome.send
    ]
    return outbox.store(connection, outgoing)
