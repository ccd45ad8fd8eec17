"""The clock of retention."""

from alembic import op
from saga_messaging.delivery.ddl import RETENTION_CLOCK

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(RETENTION_CLOCK)
