"""SQL of the messaging tables, for a service's first migration. Never edit it: add a version."""

from typing import Final

MESSAGING_TABLES_V1: Final = """
CREATE TABLE inbox (
    message_id     uuid PRIMARY KEY,
    correlation_id text NOT NULL,
    type           text NOT NULL,
    effect         text NOT NULL,
    message        jsonb NOT NULL,
    received_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX inbox_correlation_id ON inbox (correlation_id);

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
