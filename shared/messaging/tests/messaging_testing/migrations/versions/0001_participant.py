"""Messaging's tables, and what the handler did: a row a message, a row a transaction."""

from alembic import op
from saga_messaging.delivery.ddl import INBOX_DIGEST, MESSAGING_TABLES_V1, PARKED_RECORDS

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(MESSAGING_TABLES_V1)
    op.execute(INBOX_DIGEST)
    op.execute(PARKED_RECORDS)
    op.execute("CREATE TABLE effects (n bigserial, message_id uuid, correlation_id text)")
    op.execute("CREATE TABLE batches (n bigserial, size int)")
