"""What operators did about dead letters."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE dead_letter_actions (
            topic     text NOT NULL,
            partition integer NOT NULL,
            "offset"  bigint NOT NULL,
            nth       integer NOT NULL,
            action    text NOT NULL,
            by        text NOT NULL,
            note      text NOT NULL,
            at        timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (topic, partition, "offset", nth)
        );
        """
    )
