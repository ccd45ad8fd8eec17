"""Keep the marks of this installation's PaymentIntents.

The mark of an installation is made here, once. An installation that has payments may have created
them under the former default mark: it is kept as one that proves nothing.
"""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE stripe_systems (
            mark             text PRIMARY KEY,
            origin           text NOT NULL,
            database_history text,
            since            timestamptz NOT NULL DEFAULT now(),
            seen_at          timestamptz NOT NULL DEFAULT now(),
            created_at       timestamptz NOT NULL DEFAULT clock_timestamp()
        );
        INSERT INTO stripe_systems (mark, origin)
            SELECT 'saga-reference', 'default' WHERE EXISTS (SELECT FROM payments);
        INSERT INTO stripe_systems (mark, origin, database_history)
            SELECT 'saga-' || gen_random_uuid(), 'installation', concat_ws('/',
                (SELECT system_identifier FROM pg_control_system()),
                left(pg_walfile_name(pg_current_wal_lsn()), 8),
                (SELECT oid FROM pg_database WHERE datname = current_database()),
                'payments'::regclass::oid);
        """
    )
