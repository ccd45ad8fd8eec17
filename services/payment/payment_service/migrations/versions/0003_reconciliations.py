"""Create the reconciliations requested by operators."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE reconciliations (
            id       uuid PRIMARY KEY,
            by       text NOT NULL,
            note     text NOT NULL,
            asked_at timestamptz NOT NULL DEFAULT now(),
            ended_at timestamptz,
            report   jsonb,
            error    text
        );
        CREATE INDEX reconciliations_newest ON reconciliations (asked_at, id);
        """
    )
