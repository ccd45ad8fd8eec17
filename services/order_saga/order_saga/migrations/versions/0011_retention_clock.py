"""The clock of retention."""

from alembic import op
from saga_messaging.delivery.ddl import RETENTION_CLOCK

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute(RETENTION_CLOCK)
