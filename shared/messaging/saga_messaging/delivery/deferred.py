"""Messages that this process is too old to handle, kept as received for a newer process.

During a rolling upgrade, old and new processes share the partitions of a topic. A message that only
the new code can handle may reach an old process. It is stored here in the transaction of its batch,
so that the partition goes on, and a new process takes it from here.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from saga_schemas.topics import Topic
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    delete,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP, insert
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from saga_messaging.delivery.outcomes import Deferred
from saga_messaging.kafka.records import Record


def deferred_table(metadata: MetaData) -> Table:
    """Return the table `deferred_messages`; `version` is the one that can handle the message."""
    return Table(
        "deferred_messages",
        metadata,
        Column("id", BigInteger, Identity(), primary_key=True),
        Column("message_id", PG_UUID(as_uuid=True), nullable=False, unique=True),
        Column("correlation_id", Text, nullable=False, index=True),
        Column("version", Integer, nullable=False),
        Column("topic", Text, nullable=False),
        Column("partition", Integer, nullable=False),
        Column("offset", BigInteger, nullable=False),
        Column("key", LargeBinary),
        Column("value", LargeBinary, nullable=False),
        Column("received_at", TIMESTAMP(timezone=True), nullable=False, server_default=func.now()),
    )


def store(
    connection: Connection,
    table: Table,
    topic: Topic,
    deferred: Mapping[UUID, tuple[Record, str, Deferred]],
) -> None:
    """Keep records as received, by message id, with their correlation id; a duplicate once.

    A record whose id another record has taken is kept under an id of its own: once handled, the
    inbox decides what it is.
    """
    if deferred:
        rows = [
            {
                "message_id": message_id,
                "correlation_id": correlation_id,
                "version": outcome.version,
                "topic": topic.name,
                "partition": record.partition,
                "offset": record.offset,
                "key": record.key,
                "value": record.value,
            }
            for message_id, (record, correlation_id, outcome) in deferred.items()
        ]
        statement = insert(table).on_conflict_do_nothing().returning(table.c.message_id)
        stored = set(connection.scalars(statement, rows))
        again = [row for row in rows if row["message_id"] not in stored]
        if again and (others := _of_other_records(connection, table, again)):
            connection.execute(insert(table), others)


def _of_other_records(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the rows whose id belongs to a different record, with an id of their own."""
    ids = [row["message_id"] for row in rows]
    query = select(table.c.message_id, table.c.topic, table.c.value).where(
        table.c.message_id.in_(ids)
    )
    known = {row.message_id: (row.topic, bytes(row.value)) for row in connection.execute(query)}
    return [
        {**row, "message_id": uuid4()}
        for row in rows
        if known.get(row["message_id"]) != (row["topic"], row["value"])
    ]


def take(
    connection: Connection, table: Table, topic: Topic, versions: Collection[int], limit: int
) -> dict[int, Record]:
    """Remove and return at most `limit` records that these versions can handle, oldest first.

    Waits for another process that is taking them. They are back if the transaction is rolled back.

    Returns:
        The records by the ids of their rows.
    """
    oldest = (
        select(table.c.id)
        .where(table.c.topic == topic.name, table.c.version.in_(versions))
        .order_by(table.c.id)
        .limit(limit)
        .with_for_update()
    )
    statement = delete(table).where(table.c.id.in_(oldest)).returning(table)
    rows = sorted(connection.execute(statement), key=lambda row: row.id)
    return {
        row.id: Record(topic.name, row.partition, row.offset, row.key, row.value) for row in rows
    }


def remove(connection: Connection, table: Table, id_: int) -> bool:
    """Remove one row; return False if another process, or an earlier try, has removed it."""
    return bool(connection.execute(delete(table).where(table.c.id == id_)).rowcount)
