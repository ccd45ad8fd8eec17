"""Retention: the order in which old rows are found."""

from saga_messaging.postgres.indexes import create_index_concurrently

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    create_index_concurrently("inbox_oldest", "inbox (received_at, message_id)")
    create_index_concurrently("outbox_oldest", "outbox (sent_at, message_id)")
    create_index_concurrently(
        "outbox_dropped", "outbox (dropped_at, message_id) WHERE dropped_at IS NOT NULL"
    )
    create_index_concurrently("stripe_events_oldest", "stripe_events (received_at, event_id)")
    create_index_concurrently("payments_oldest", "payments (created_at, saga_id)")
    create_index_concurrently(
        "payments_with_personal_data",
        "payments (created_at, saga_id) WHERE clerk_user_id <> 'removed'",
    )
