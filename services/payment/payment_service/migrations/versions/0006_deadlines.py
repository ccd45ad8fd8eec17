"""Add the deadline of an authorization, and whether a request was sent for it.

Expand only: the previous version ignores both columns. It increments `attempts` when it takes an
operation, so that `unsent_attempts` no longer matches.
"""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE payments
            ADD COLUMN unsent_attempts      integer,
            ADD COLUMN begin_within_seconds double precision;
        """
    )
