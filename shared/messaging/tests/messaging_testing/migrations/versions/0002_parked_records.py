from alembic import op
from saga_messaging.delivery.ddl import PARKED_RECORDS

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(PARKED_RECORDS)
