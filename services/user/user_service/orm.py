"""The table of the users, and the outbox. Replies only read, so there is no inbox."""

from saga_messaging.delivery.tables import outbox_table, retention_clock_table
from saga_schemas.values import MAX_ID_LENGTH
from sqlalchemy import Column, MetaData, String, Table, func
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

metadata = MetaData()
outbox = outbox_table(metadata)
retention_clock = retention_clock_table(metadata)

users = Table(
    "users",
    metadata,
    Column("clerk_user_id", String(MAX_ID_LENGTH), primary_key=True),
    Column("stripe_customer_id", String(MAX_ID_LENGTH)),
    Column("user_stripe_card", JSONB(none_as_null=True)),
    Column("created_at", TIMESTAMP(timezone=True), nullable=False, server_default=func.now()),
    Column(
        "updated_at",
        TIMESTAMP(timezone=True),
        nullable=False,
        server_default=func.now(),
        onupdate=func.now(),
    ),
)
