"""Create the disputes."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE disputes (
            dispute_id        text PRIMARY KEY,
            saga_id           text NOT NULL,
            payment_intent_id text,
            amount            bigint NOT NULL,
            reason            text NOT NULL,
            status            text NOT NULL,
            created_at        timestamptz NOT NULL DEFAULT now(),
            updated_at        timestamptz NOT NULL DEFAULT now()
        );
        CREATE INDEX disputes_of_saga ON disputes (saga_id);
        """
    )
