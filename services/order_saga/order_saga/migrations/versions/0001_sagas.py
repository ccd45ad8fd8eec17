"""The sagas, and messaging's tables."""

from alembic import op
from saga_messaging.delivery.ddl import MESSAGING_TABLES_V1

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(MESSAGING_TABLES_V1)
    op.execute(
        """
        CREATE TABLE sagas (
            id                 text PRIMARY KEY,
            definition_version integer NOT NULL,
            state              text NOT NULL,
            attempt            integer NOT NULL,
            clerk_user_id      text NOT NULL,
            amount             integer NOT NULL,
            currency           text NOT NULL,
            description        text NOT NULL,
            line_items         jsonb NOT NULL,
            customer           jsonb,
            payment_intent_id  text,
            capture_before     timestamptz,
            reason             jsonb,
            deadline_at        timestamptz,
            overdue            boolean NOT NULL,
            idempotency_key    text UNIQUE,
            request_digest     text NOT NULL,
            created_at         timestamptz NOT NULL DEFAULT now(),
            updated_at         timestamptz NOT NULL DEFAULT now()
        );
        CREATE INDEX sagas_newest ON sagas (created_at, id);
        CREATE INDEX sagas_of_user ON sagas (clerk_user_id, created_at, id);
        CREATE INDEX sagas_due ON sagas (deadline_at) WHERE NOT overdue;
        """
    )
