"""The tables of the orchestrator: sagas, messages and what is left of them, operators' actions."""

from saga_messaging.delivery.deferred import deferred_table
from saga_messaging.delivery.tables import messaging_tables, retention_clock_table
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP, UUID

metadata = MetaData()
messaging = messaging_tables(metadata)
retention_clock = retention_clock_table(metadata)
deferred = deferred_table(metadata)

sagas = Table(
    "sagas",
    metadata,
    Column("id", Text, primary_key=True),
    Column("definition_version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("clerk_user_id", Text, nullable=False),
    Column("amount", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("line_items", JSONB, nullable=False),
    Column("tries", Integer, nullable=False, server_default=text("1")),
    Column("attempts", JSONB, nullable=False, server_default=text("'{}'")),
    Column("undo", JSONB, nullable=False, server_default=text("'[]'")),
    Column("goal", Text),
    Column("parked", Text),
    Column("customer", JSONB(none_as_null=True)),
    Column("payment_intent_id", Text),
    Column("capture_before", TIMESTAMP(timezone=True)),
    Column("captured", Integer, nullable=False, server_default=text("0")),
    Column("refunds", JSONB, nullable=False, server_default=text("'{}'")),
    Column("refunded", Integer, nullable=False, server_default=text("0")),  # the sum of refunds
    Column("disputed", Boolean, nullable=False, server_default=text("false")),
    Column("asked", JSONB(none_as_null=True)),
    Column("reason", JSONB(none_as_null=True)),
    Column("deadline_at", TIMESTAMP(timezone=True)),
    Column("overdue", Boolean, nullable=False),
    Column("idempotency_key", Text, unique=True),
    Column("request_digest", Text, nullable=False),
    Column("created_at", TIMESTAMP(timezone=True), nullable=False, server_default=func.now()),
    Column("updated_at", TIMESTAMP(timezone=True), nullable=False, server_default=func.now()),
    Index("sagas_newest", "created_at", "id"),
    Index("sagas_of_user", "clerk_user_id", "created_at", "id"),
    Index("sagas_in_state", "state", "created_at", "id"),
    Index("sagas_overdue", "created_at", "id", postgresql_where=text("overdue")),
    Index("sagas_parked", "updated_at", postgresql_where=text("parked IS NOT NULL")),
    Index("sagas_due", "deadline_at", postgresql_where=text("NOT overdue")),
    Index(
        "sagas_with_personal_data",
        "created_at",
        "id",
        postgresql_where=text("clerk_user_id <> 'removed'"),
    ),
)

# Messages of finished orders, moved from the inbox (`in`) or the outbox (`out`) once they are old:
# `entries` has what a history shows of each, for several messages of one order. `message_id` is the
# first one's.
archived_messages = Table(
    "archived_messages",
    metadata,
    Column("saga_id", Text, primary_key=True),
    Column("direction", Text, primary_key=True),
    Column("message_id", UUID(as_uuid=True), primary_key=True),
    Column("entries", JSONB, nullable=False),
)

# Requests that the state of their order refused; equal ones are one row, counted by `times`.
refused_requests = Table(
    "refused_requests",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("saga_id", Text, nullable=False, index=True),
    Column("type", Text, nullable=False),
    Column("effect", Text, nullable=False),
    Column("times", Integer, nullable=False),
    Column("first_at", TIMESTAMP(timezone=True), nullable=False),
    Column("last_at", TIMESTAMP(timezone=True), nullable=False),
)

# Switches set by operators, with the requester and the reason: `paused` stops new orders.
controls = Table(
    "controls",
    metadata,
    Column("name", Text, primary_key=True),
    Column("by", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("set_at", TIMESTAMP(timezone=True), nullable=False, server_default=func.now()),
)

# The history of `controls`.
control_changes = Table(
    "control_changes",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("action", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", TIMESTAMP(timezone=True), nullable=False, server_default=func.now()),
)

# Actions on dead letters; `nth` counts from 1 for each letter, so that two cannot act at once.
dead_letter_actions = Table(
    "dead_letter_actions",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("nth", Integer, primary_key=True, autoincrement=False),
    Column("action", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", TIMESTAMP(timezone=True), nullable=False, server_default=func.now()),
)
