"""The two tables of messaging. Each service has them in its own database."""

from dataclasses import dataclass

from sqlalchemy import Column, Index, MetaData, Table, Text, func, text
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, TIMESTAMP, UUID

NOW = func.clock_timestamp()  # not the transaction's: a batch keeps its order


@dataclass(frozen=True)
class MessagingTables:
    """`inbox`: what came in and what it did. `outbox`: what goes out, and when it was sent."""

    inbox: Table
    outbox: Table


def messaging_tables(metadata: MetaData) -> MessagingTables:
    """Declare both tables in a service's metadata."""
    inbox = Table(
        "inbox",
        metadata,
        Column("message_id", UUID(as_uuid=True), primary_key=True),
        Column("correlation_id", Text, nullable=False),
        Column("type", Text, nullable=False),
        Column("effect", Text, nullable=False),
        Column("message", JSONB, nullable=False),
        Column("received_at", TIMESTAMP(timezone=True), nullable=False, server_default=NOW),
        Index("inbox_correlation_id", "correlation_id"),
    )
    outbox = Table(
        "outbox",
        metadata,
        Column("message_id", UUID(as_uuid=True), primary_key=True),
        Column("correlation_id", Text, nullable=False),
        Column("type", Text, nullable=False),
        Column("topic", Text, nullable=False),
        Column("key", BYTEA),
        Column("value", BYTEA, nullable=False),
        Column("headers", JSONB, nullable=False, server_default=text("'{}'")),
        Column("created_at", TIMESTAMP(timezone=True), nullable=False, server_default=NOW),
        Column("claimed_until", TIMESTAMP(timezone=True), nullable=False),
        Column("sent_at", TIMESTAMP(timezone=True)),
        Index("outbox_correlation_id", "correlation_id"),
        Index("outbox_unsent", "claimed_until", postgresql_where=text("sent_at IS NULL")),
    )
    return MessagingTables(inbox, outbox)
