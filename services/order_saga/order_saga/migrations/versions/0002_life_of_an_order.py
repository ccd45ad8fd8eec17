"""What the second version of the saga remembers: captures, refunds, undoing, parking."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE sagas
            ADD COLUMN tries    integer NOT NULL DEFAULT 1,
            ADD COLUMN attempts jsonb NOT NULL DEFAULT '{}',
            ADD COLUMN undo     jsonb NOT NULL DEFAULT '[]',
            ADD COLUMN goal     text,
            ADD COLUMN parked   text,
            ADD COLUMN captured integer NOT NULL DEFAULT 0,
            ADD COLUMN refunded integer NOT NULL DEFAULT 0,
            ADD COLUMN disputed boolean NOT NULL DEFAULT false,
            ADD COLUMN asked    jsonb;
        CREATE INDEX sagas_parked ON sagas (updated_at) WHERE parked IS NOT NULL;
        CREATE TABLE controls (
            name       text PRIMARY KEY,
            by         text NOT NULL,
            note       text NOT NULL,
            set_at     timestamptz NOT NULL DEFAULT now()
        );
        """
    )
