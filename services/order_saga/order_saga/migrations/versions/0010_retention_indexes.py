"""Retention: the order in which old rows are found."""

from saga_messaging.postgres.indexes import create_index_concurrently

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    create_index_concurrently("inbox_oldest", "inbox (received_at, message_id)")
    create_index_concurrently("outbox_oldest", "outbox (sent_at, message_id)")
    create_index_concurrently(
        "outbox_dropped", "outbox (dropped_at, message_id) WHERE dropped_at IS NOT NULL"
    )
    create_index_concurrently(
        "sagas_with_personal_data", "sagas (created_at, id) WHERE clerk_user_id <> 'removed'"
    )
