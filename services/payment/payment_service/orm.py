"""The payment service's tables: its payments, and messaging's inbox and outbox."""

from saga_messaging.orm import messaging_tables
from sqlalchemy import Column, Index, Integer, MetaData, Table, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP, UUID

metadata = MetaData()
messaging = messaging_tables(metadata)

# `attempt` is the saga's, of its step; `attempts` counts the executors that took the payment, and
# is their fencing token. A pending payment may be taken from `next_try_at` on, which is the end
# of its lease or of its pause. Once `settle_after` is set, no more requests are made.
payments = Table(
    "payments",
    metadata,
    Column("saga_id", Text, primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("command_id", UUID(as_uuid=True), nullable=False),
    Column("clerk_user_id", Text, nullable=False),
    Column("stripe_customer_id", Text, nullable=False),
    Column("payment_method_id", Text),
    Column("amount", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    Column("description", Text, nullable=False),
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
    Index("payments_due", "next_try_at", postgresql_where=text("status = 'pending'")),
)
