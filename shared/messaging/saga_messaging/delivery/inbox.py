"""The inbox: a message that is in it has had its effect, and has none again."""

from collections.abc import Collection, Sequence
from uuid import UUID

from saga_schemas.envelope import Envelope
from sqlalchemy import Connection, Table, bindparam, func, insert, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

_ids = bindparam("ids", type_=ARRAY(PG_UUID(as_uuid=True)))


def fresh(connection: Connection, inbox: Table, messages: Sequence[Envelope]) -> list[Envelope]:
    """The messages that have had no effect yet, each once, in their order."""
    first = {message.message_id: message for message in reversed(messages)}
    known = _known(connection, inbox, first.keys())
    return [
        message
        for message in messages
        if message is first[message.message_id] and message.message_id not in known
    ]


def _known(connection: Connection, inbox: Table, ids: Collection[UUID]) -> set[UUID]:
    query = select(inbox.c.message_id).where(inbox.c.message_id == func.any(_ids))
    return set(connection.scalars(query, {"ids": list(ids)}))


def record(connection: Connection, inbox: Table, effects: Sequence[tuple[Envelope, str]]) -> None:
    """Write down each message with what it did.

    Raises:
        IntegrityError: Another process did the same work first; the transaction is to be run
            again, and will find the messages known.
    """
    if effects:
        connection.execute(
            insert(inbox),
            [
                {
                    "message_id": message.message_id,
                    "correlation_id": message.correlation_id,
                    "type": message.type,
                    "effect": effect,
                    "message": message.model_dump(mode="json"),
                }
                for message, effect in effects
            ],
        )
