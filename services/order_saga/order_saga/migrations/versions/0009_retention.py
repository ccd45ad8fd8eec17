"""Retention: archived messages and folded refusals."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE archived_messages (
            saga_id    text NOT NULL,
            direction  text NOT NULL,
            message_id uuid NOT NULL,
            entries    jsonb NOT NULL,
            PRIMARY KEY (saga_id, direction, message_id)
        );
        CREATE TABLE refused_requests (
            id       uuid PRIMARY KEY,
            saga_id  text NOT NULL,
            type     text NOT NULL,
            effect   text NOT NULL,
            times    integer NOT NULL,
            first_at timestamptz NOT NULL,
            last_at  timestamptz NOT NULL
        );
        CREATE INDEX ix_refused_requests_saga_id ON refused_requests (saga_id);
        """
    )
