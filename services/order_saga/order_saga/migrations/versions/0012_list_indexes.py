"""The filters of the list of orders: the cost of each is that of the orders that it shows."""

from saga_messaging.postgres.indexes import create_index_concurrently

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    create_index_concurrently("sagas_in_state", "sagas (state, created_at, id)")
    create_index_concurrently("sagas_overdue", "sagas (created_at, id) WHERE overdue")
