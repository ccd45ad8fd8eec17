"""The digest of received messages: a duplicate differs from another message with its id."""

from alembic import op
from saga_messaging.delivery.ddl import INBOX_DIGEST

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute(INBOX_DIGEST)
