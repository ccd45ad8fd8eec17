"""Messaging's tables, and what the handler did: a row a message, a row a transaction."""

from alembic import op
from saga_messaging.delivery.ddl import (
    INBOX_DIGEST,
    MESSAGING_TABLES_V1,
    PARKED_RECORDS,
    RETENTION_CLOCK,
)
from saga_messaging.postgres.indexes import create_index_concurrently

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(MESSAGING_TABLES_V1)
    op.execute(INBOX_DIGEST)
    op.execute(PARKED_RECORDS)
    op.execute(RETENTION_CLOCK)
    for name, columns in {
        "inbox_oldest": "inbox (received_at, message_id)",
        "outbox_oldest": "outbox (sent_at, message_id)",
        "outbox_dropped": "outbox (dropped_at, message_id) WHERE dropped_at IS NOT NULL",
    }.items():
        create_index_concurrently(name, columns)
    op.execute("CREATE TABLE effects (n bigserial, message_id uuid, correlation_id text)")
    op.execute("CREATE TABLE batches (n bigserial, size int)")
