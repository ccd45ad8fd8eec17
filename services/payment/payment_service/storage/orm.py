"""Tables of the payment service: payments, refunds, disputes, Stripe events, reconciliations."""

from saga_messaging.delivery.tables import messaging_tables, retention_clock_table
from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP, UUID

metadata = MetaData()
messaging = messaging_tables(metadata)
retention_clock = retention_clock_table(metadata)

# `attempt` is the saga's attempt in its first command. `attempts` counts the leases and is their
# fencing token. The `operation` in progress may be taken at `next_try_at`, the end of its lease or
# pause. `settle_after` is set while the operation is verified: no more requests are sent for it,
# and its absence at Stripe is final after that time. `key_round` is the attempt of its idempotency
# key. `unsent_attempts` equals `attempts` while no request was sent to Stripe for the
# authorization; a version that does not know the column increments `attempts` alone. An
# authorization is not begun later than `begin_within_seconds` after `operation_since`. A tombstone
# has no amount, no customer and no first command.
payments = Table(
    "payments",
    metadata,
    Column("saga_id", Text, primary_key=True),
    Column("attempt", Integer),
    Column("command_id", UUID(as_uuid=True)),
    Column("clerk_user_id", Text),
    Column("stripe_customer_id", Text),
    Column("payment_method_id", Text),
    Column("amount", Integer),
    Column("currency", Text),
    Column("description", Text),
    Column("status", Text, nullable=False),
    Column("payment_intent_id", Text),
    Column("capture_before", TIMESTAMP(timezone=True)),
    Column("failure", JSONB(none_as_null=True)),
    Column("attempts", Integer, nullable=False),
    Column("next_try_at", TIMESTAMP(timezone=True)),
    Column("settle_after", TIMESTAMP(timezone=True)),
    Column("last_error", Text),
    Column("created_at", TIMESTAMP(timezone=True), nullable=False, server_default=func.now()),
    Column("updated_at", TIMESTAMP(timezone=True), nullable=False, server_default=func.now()),
    Column("captured", Integer, nullable=False, server_default="0"),
    Column("released", Integer, nullable=False, server_default="0"),
    Column("operation", JSONB(none_as_null=True)),
    Column("operation_since", TIMESTAMP(timezone=True)),
    Column("waiting", JSONB, nullable=False, server_default="[]"),
    Column("key_round", Integer, nullable=False, server_default="1"),
    Column("unsent_attempts", Integer),
    Column("begin_within_seconds", Double),
    Index("payments_due", "next_try_at", postgresql_where=text("operation IS NOT NULL")),
    Index("payments_of_intent", "payment_intent_id"),
    Index("payments_expiring", "capture_before", postgresql_where=text("status = 'authorized'")),
    Index("payments_oldest", "created_at", "saga_id"),
    Index(
        "payments_with_personal_data",
        "created_at",
        "saga_id",
        postgresql_where=text("clerk_user_id <> 'removed'"),
    ),
)

refunds = Table(
    "refunds",
    metadata,
    Column("saga_id", Text, ForeignKey("payments.saga_id"), primary_key=True),
    Column("refund_id", Text, primary_key=True),
    Column("amount", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("stripe_refund_id", Text, unique=True),
    Column("failure", JSONB(none_as_null=True)),
    Column("created_at", TIMESTAMP(timezone=True), nullable=False, server_default=func.now()),
    Column("updated_at", TIMESTAMP(timezone=True), nullable=False, server_default=func.now()),
)

# Stripe events: each stored once, with its effect.
stripe_events = Table(
    "stripe_events",
    metadata,
    Column("event_id", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("created", TIMESTAMP(timezone=True), nullable=False),
    Column("payment_intent_id", Text),
    Column("saga_id", Text),
    Column("effect", Text, nullable=False),
    Column("received_at", TIMESTAMP(timezone=True), nullable=False, server_default=func.now()),
    Index("stripe_events_oldest", "received_at", "event_id"),
)

# Disputes, each with the newest status that is known.
disputes = Table(
    "disputes",
    metadata,
    Column("dispute_id", Text, primary_key=True),
    Column("saga_id", Text, nullable=False),
    Column("payment_intent_id", Text),
    Column("amount", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", TIMESTAMP(timezone=True), nullable=False, server_default=func.now()),
    Column("updated_at", TIMESTAMP(timezone=True), nullable=False, server_default=func.now()),
    Index("disputes_of_saga", "saga_id"),
)

# Reconciliations requested by operators: who, why, and the result.
reconciliations = Table(
    "reconciliations",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("by", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("asked_at", TIMESTAMP(timezone=True), nullable=False, server_default=func.now()),
    Column("ended_at", TIMESTAMP(timezone=True)),
    Column("report", JSONB(none_as_null=True)),
    Column("error", Text),
    Index("reconciliations_newest", "asked_at", "id"),
)

# The marks of PaymentIntents; `model/stripe_system.py` explains them. `origin` is "installation"
# (made at random for one `database_history`), "setting" (STRIPE_SYSTEM) or "default" (the mark that
# every installation had before). `seen_at` is the newest confirmation.
stripe_systems = Table(
    "stripe_systems",
    metadata,
    Column("mark", Text, primary_key=True),
    Column("origin", Text, nullable=False),
    Column("database_history", Text),
    Column("since", TIMESTAMP(timezone=True), nullable=False, server_default=func.now()),
    Column("seen_at", TIMESTAMP(timezone=True), nullable=False, server_default=func.now()),
    Column(
        "created_at",
        TIMESTAMP(timezone=True),
        nullable=False,
        server_default=func.clock_timestamp(),
    ),
)
