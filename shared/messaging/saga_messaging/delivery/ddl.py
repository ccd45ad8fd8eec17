"""SQL of the messaging tables, for a service's first migration. Never edit it: add a version."""

from typing import Final

PARKED_RECORDS: Final = """
ALTER TABLE outbox
    ADD COLUMN parked_at timestamptz,
    ADD COLUMN parked_reason text,
    ADD COLUMN dropped_at timestamptz,
    ADD COLUMN dropped_note text;
"""
"""Records that Kafka refuses. A parked row is claimed for ever (`claimed_until` is infinity), so
that a process of the previous version does not send it either."""

OUTBOX_TABLE_V1: Final = """
CREATE TABLE outbox (
    message_id     uuid PRIMARY KEY,
    correlation_id text NOT NULL,
    type           text NOT NULL,
    topic          text NOT NULL,
    key            bytea,
    value          bytea NOT NULL,
    headers        jsonb NOT NULL DEFAULT '{}',
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    claimed_until  timestamptz NOT NULL,
    sent_at        timestamptz
);
CREATE INDEX outbox_correlation_id ON outbox (correlation_id);
CREATE INDEX outbox_unsent ON outbox (claimed_until) WHERE sent_at IS NULL;
"""

INBOX_DIGEST: Final = "ALTER TABLE inbox ADD COLUMN digest text"
"""The column that distinguishes a duplicate from another message with its id; without a default, it
changes no row, and an earlier release inserts rows without it."""
MESSAGING_TABLES_V1: Final = f"""
CREATE TABLE inbox (
    message_id     uuid PRIMARY KEY,
    correlation_id text NOT NULL,
    type           text NOT NULL,
    effect         text NOT NULL,
    message        jsonb NOT NULL,
    received_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX inbox_correlation_id ON inbox (correlation_id);
{OUTBOX_TABLE_V1}"""

RETENTION_CLOCK: Final = """
CREATE TABLE retention_clock (
    is_only      boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    seen_at      timestamptz NOT NULL,
    trusted_from timestamptz NOT NULL
);
"""
"""The only row of retention's clock: when it was last read, and from when on it is trusted."""
