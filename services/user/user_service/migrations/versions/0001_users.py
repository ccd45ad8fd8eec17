"""The users."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE users (
            clerk_user_id      varchar(255) PRIMARY KEY,
            stripe_customer_id varchar(255),
            user_stripe_card   jsonb,
            created_at         timestamptz NOT NULL DEFAULT now(),
            updated_at         timestamptz NOT NULL DEFAULT now()
        )
        """
    )
