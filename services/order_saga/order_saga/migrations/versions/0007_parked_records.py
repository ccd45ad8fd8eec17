"""Outgoing records that Kafka refuses are parked."""

from alembic import op
from saga_messaging.delivery.ddl import PARKED_RECORDS

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute(PARKED_RECORDS)
