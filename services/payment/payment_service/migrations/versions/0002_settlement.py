"""Add captures, cancellations, expiry, refunds and Stripe events.

A pending payment continues: its authorization becomes the operation in progress, requested by the
first command.
"""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE payments
            ALTER COLUMN attempt            DROP NOT NULL,
            ALTER COLUMN command_id         DROP NOT NULL,
            ALTER COLUMN clerk_user_id      DROP NOT NULL,
            ALTER COLUMN stripe_customer_id DROP NOT NULL,
            ALTER COLUMN amount             DROP NOT NULL,
            ALTER COLUMN currency           DROP NOT NULL,
            ALTER COLUMN description        DROP NOT NULL,
            ADD COLUMN captured        integer NOT NULL DEFAULT 0,
            ADD COLUMN released        integer NOT NULL DEFAULT 0,
            ADD COLUMN operation       jsonb,
            ADD COLUMN operation_since timestamptz,
            ADD COLUMN waiting         jsonb NOT NULL DEFAULT '[]',
            ADD COLUMN key_round       integer NOT NULL DEFAULT 1;

        UPDATE payments
        SET operation = jsonb_build_object(
                'kind', 'authorize', 'command_id', command_id, 'attempt', attempt),
            operation_since = created_at
        WHERE status = 'pending';

        DROP INDEX payments_due;
        CREATE INDEX payments_due ON payments (next_try_at) WHERE operation IS NOT NULL;
        CREATE INDEX payments_of_intent ON payments (payment_intent_id);
        CREATE INDEX payments_expiring ON payments (capture_before) WHERE status = 'authorized';

        CREATE TABLE refunds (
            saga_id          text NOT NULL REFERENCES payments,
            refund_id        text NOT NULL,
            amount           integer NOT NULL,
            status           text NOT NULL,
            stripe_refund_id text UNIQUE,
            failure          jsonb,
            created_at       timestamptz NOT NULL DEFAULT now(),
            updated_at       timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (saga_id, refund_id)
        );

        CREATE TABLE stripe_events (
            event_id          text PRIMARY KEY,
            type              text NOT NULL,
            created           timestamptz NOT NULL,
            payment_intent_id text,
            saga_id           text,
            effect            text NOT NULL,
            received_at       timestamptz NOT NULL DEFAULT now()
        );
        """
    )
