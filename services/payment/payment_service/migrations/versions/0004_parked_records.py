"""Outgoing records that Kafka refuses are parked."""

from alembic import op
from saga_messaging.delivery.ddl import PARKED_RECORDS

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(PARKED_RECORDS)
