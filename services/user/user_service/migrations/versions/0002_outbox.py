"""The outbox, for dead letters and for replies that Kafka refuses."""

from alembic import op
from saga_messaging.delivery.ddl import OUTBOX_TABLE_V1, PARKED_RECORDS

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(OUTBOX_TABLE_V1)
    op.execute(PARKED_RECORDS)
