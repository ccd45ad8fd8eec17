"""The inbox: messages that have had their effect, and are skipped if they are received again."""

from collections.abc import Collection, Sequence
from uuid import UUID

from saga_schemas.envelope import Envelope
from sqlalchemy import Connection, Table, bindparam, func, insert, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

_ids = bindparam("ids", type_=ARRAY(PG_UUID(as_uuid=True)))


def without_duplicates(
    connection: Connection, inbox: Table, messages: Sequence[Envelope]
) -> list[Envelope]:
    """Return the messages that are not in the inbox, each once, in their order."""
    first = {message.message_id: message for message in reversed(messages)}
    stored = _stored(connection, inbox, first.keys())
    return [
        message
        for message in messages
        if message is first[message.message_id] and message.message_id not in stored
    ]


def record(connection: Connection, inbox: Table, effects: Sequence[tuple[Envelope, str]]) -> None:
    """Insert each message with its effect.

    Raises:
        IntegrityError: Another process has handled one of the messages meanwhile. Run the
            transaction again; the message is then a duplicate.
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


def _stored(connection: Connection, inbox: Table, ids: Collection[UUID]) -> set[UUID]:
    query = select(inbox.c.message_id).where(inbox.c.message_id == func.any(_ids))
    return set(connection.scalars(query, {"ids": list(ids)}))
