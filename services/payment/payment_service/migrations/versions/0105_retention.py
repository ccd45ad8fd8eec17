"""Retention: the order in which old rows are found."""

from alembic import op

revision = "0105"
down_revision = "0003"


def upgrade() -> None:
    op.execute(
        """
        CREATE INDEX inbox_oldest ON inbox (received_at, message_id);
        CREATE INDEX outbox_oldest ON outbox (sent_at, message_id);
        CREATE INDEX stripe_events_oldest ON stripe_events (received_at, event_id);
        CREATE INDEX payments_oldest ON payments (created_at, saga_id);
        CREATE INDEX payments_with_personal_data ON payments (created_at, saga_id)
            WHERE clerk_user_id <> 'removed';
        """
    )
