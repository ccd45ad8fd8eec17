"""Create payments and the messaging tables."""

from alembic import op
from saga_messaging.delivery.ddl import MESSAGING_TABLES_V1

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(MESSAGING_TABLES_V1)
    op.execute(
        """
        CREATE TABLE payments (
            saga_id            text PRIMARY KEY,
            attempt            integer NOT NULL,
            command_id         uuid NOT NULL,
            clerk_user_id      text NOT NULL,
            stripe_customer_id text NOT NULL,
            payment_method_id  text,
            amount             integer NOT NULL,
            currency           text NOT NULL,
            description        text NOT NULL,
            status             text NOT NULL,
            payment_intent_id  text,
            capture_before     timestamptz,
            failure            jsonb,
            attempts           integer NOT NULL,
            next_try_at        timestamptz,
            settle_after       timestamptz,
            last_error         text,
            created_at         timestamptz NOT NULL DEFAULT now(),
            updated_at         timestamptz NOT NULL DEFAULT now()
        );
        CREATE INDEX payments_due ON payments (next_try_at) WHERE status = 'pending';
        """
    )
