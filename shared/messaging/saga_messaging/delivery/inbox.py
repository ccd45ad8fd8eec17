"""The inbox: messages that have had their effect, and are skipped if they are received again.

A message is identified by its topic and its `message_id`: who may write one topic must not be able
to take the ids of another, or those of the service itself. The table has one key, so a message is
stored under its own id, or under a reserved id that no sender can choose if that is taken.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from uuid import UUID

from saga_schemas.content import content_digest
from saga_schemas.envelope import RESERVED_VERSION, Envelope, reserved_message_id
from saga_schemas.topics import Topic
from sqlalchemy import Connection, Table, bindparam, func, insert, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from saga_messaging.kafka.records import Record

_ids = bindparam("ids", type_=ARRAY(PG_UUID(as_uuid=True)))


@dataclass(frozen=True, slots=True)
class Entry:
    """The place of a message from Kafka in the inbox.

    Attributes:
        key: The id that it is stored under.
        digest: `content_digest` of its record.
    """

    key: UUID
    digest: str


NO_ENTRIES: Final[Mapping[UUID, Entry]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Sorted:
    """The messages of a batch, each in one of three lists, in their order.

    Attributes:
        new: Messages to handle, with their records.
        duplicates: Messages that are in the inbox, or in this batch, already.
        conflicts: Messages with the id of another message of their topic, and other content.
        entries: The place of each new message, by its `message_id`.
    """

    new: list[tuple[Record, Envelope]] = field(default_factory=list[tuple[Record, Envelope]])
    duplicates: list[tuple[Record, Envelope]] = field(default_factory=list[tuple[Record, Envelope]])
    conflicts: list[tuple[Record, Envelope]] = field(default_factory=list[tuple[Record, Envelope]])
    entries: dict[UUID, Entry] = field(default_factory=dict[UUID, Entry])


def sort_out(
    connection: Connection,
    inbox: Table,
    topic: Topic,
    received: Sequence[tuple[Record, Envelope]],
) -> Sorted:
    """Sort the messages of one topic into new ones, duplicates and conflicts.

    A row of an earlier release has no digest: a message with its id is a duplicate.
    """
    stored = _Stored(connection, inbox, topic, {message.message_id for _, message in received})
    found = Sorted()
    for record, message in received:
        digest = content_digest(record.value or b"")
        entry = found.entries.get(message.message_id)
        known, earlier = (True, entry.digest) if entry else stored.digest_of(message.message_id)
        if not known:
            found.entries[message.message_id] = Entry(stored.key_of(message.message_id), digest)
            found.new.append((record, message))
        elif earlier in (None, digest):
            found.duplicates.append((record, message))
        else:
            found.conflicts.append((record, message))
    return found


@dataclass(frozen=True, slots=True)
class _Row:
    type: str
    digest: str | None


class _Stored:
    """The rows that are stored under the ids of a batch's messages, of whatever origin."""

    def __init__(
        self, connection: Connection, inbox: Table, topic: Topic, ids: Collection[UUID]
    ) -> None:
        self._topic = topic
        self._types = {message.model_fields["type"].default for message in topic.messages}
        self._rows = _rows(connection, inbox, ids)
        taken = [id_ for id_ in ids if self.key_of(id_) != id_]
        if taken:
            self._rows |= _rows(connection, inbox, [self.key_of(id_) for id_ in taken])

    def key_of(self, message_id: UUID) -> UUID:
        """Return the key of this topic's message with this id."""
        row = self._rows.get(message_id)
        taken = row is not None and row.type not in self._types
        if taken or message_id.version == RESERVED_VERSION:
            return reserved_message_id("inbox", self._topic.name, message_id)
        return message_id

    def digest_of(self, message_id: UUID) -> tuple[bool, str | None]:
        """Return whether the topic's message with this id is stored, and its digest."""
        row = self._rows.get(self.key_of(message_id))
        return (False, None) if row is None else (True, row.digest)


def record(
    connection: Connection,
    inbox: Table,
    effects: Sequence[tuple[Envelope, str]],
    entries: Mapping[UUID, Entry] = NO_ENTRIES,
) -> None:
    """Insert each message with its effect; one without an entry comes from this service itself.

    Raises:
        IntegrityError: Another process has handled one of the messages meanwhile. Run the
            transaction again; the message is then a duplicate.
    """
    if effects:
        connection.execute(
            insert(inbox), [_row(message, effect, entries) for message, effect in effects]
        )


def _row(message: Envelope, effect: str, entries: Mapping[UUID, Entry]) -> dict[str, object]:
    entry = entries.get(message.message_id)
    return {
        "message_id": entry.key if entry else message.message_id,
        "correlation_id": message.correlation_id,
        "type": message.type,
        "effect": effect,
        "message": message.model_dump(mode="json"),
        "digest": entry.digest if entry else None,
    }


def _rows(connection: Connection, inbox: Table, ids: Collection[UUID]) -> dict[UUID, _Row]:
    query = select(inbox.c.message_id, inbox.c.type, inbox.c.digest).where(
        inbox.c.message_id == func.any(_ids)
    )
    rows = connection.execute(query, {"ids": list(ids)})
    return {row.message_id: _Row(row.type, row.digest) for row in rows}
