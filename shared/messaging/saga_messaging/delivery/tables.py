"""The inbox and outbox tables, which each service has in its own database."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Boolean, Column, Index, MetaData, Table, Text, func, text
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, TIMESTAMP, UUID

NOW: Final = func.clock_timestamp()
"""The row's time, not its transaction's, so that the rows of a batch keep their order."""


@dataclass(frozen=True)
class MessagingTables:
    """The inbox, with each received message's effect; the outbox, with each message's sent time."""

    inbox: Table
    outbox: Table


def messaging_tables(metadata: MetaData) -> MessagingTables:
    """Declare both tables in a service's metadata, and return them."""
    return MessagingTables(_inbox_table(metadata), outbox_table(metadata))


def _inbox_table(metadata: MetaData) -> Table:
    return Table(
        "inbox",
        metadata,
        Column("message_id", UUID(as_uuid=True), primary_key=True),
        Column("correlation_id", Text, nullable=False),
        Column("type", Text, nullable=False),
        Column("effect", Text, nullable=False),
        Column("message", JSONB, nullable=False),
        Column("received_at", TIMESTAMP(timezone=True), nullable=False, server_default=NOW),
        Column("digest", Text),  # of a message from Kafka: `saga_schemas.content.content_digest`
        Index("inbox_correlation_id", "correlation_id"),
        Index("inbox_oldest", "received_at", "message_id"),
    )


def outbox_table(metadata: MetaData) -> Table:
    """Declare the outbox; a row is parked, and later perhaps dropped, if Kafka refuses it."""
    return Table(
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
        Column("parked_at", TIMESTAMP(timezone=True)),
        Column("parked_reason", Text),
        Column("dropped_at", TIMESTAMP(timezone=True)),
        Column("dropped_note", Text),
        Index("outbox_correlation_id", "correlation_id"),
        Index("outbox_unsent", "claimed_until", postgresql_where=text("sent_at IS NULL")),
        Index("outbox_oldest", "sent_at", "message_id"),
        Index(
            "outbox_dropped",
            "dropped_at",
            "message_id",
            postgresql_where=text("dropped_at IS NOT NULL"),
        ),
    )


def retention_clock_table(metadata: MetaData) -> Table:
    """Declare the only row of retention's clock: see `saga_messaging.delivery.retention.clock`."""
    return Table(
        "retention_clock",
        metadata,
        Column("is_only", Boolean, primary_key=True, server_default=text("true")),
        Column("seen_at", TIMESTAMP(timezone=True), nullable=False),
        Column("trusted_from", TIMESTAMP(timezone=True), nullable=False),
    )
