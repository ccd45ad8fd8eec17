"""The clock of retention."""

from alembic import op
from saga_messaging.delivery.ddl import RETENTION_CLOCK

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute(RETENTION_CLOCK)
