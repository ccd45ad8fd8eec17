"""Settings of PostgreSQL: the connection, and the limits of migrations."""

from typing import Annotated

from pydantic import AfterValidator, Field, PositiveFloat, PositiveInt

from saga_messaging.settings.addresses import valid_database_url
from saga_messaging.settings.source import FileSettings


class DatabaseSettings(FileSettings):
    """The connection to PostgreSQL."""

    database_url: Annotated[str, AfterValidator(valid_database_url)] = Field(
        description="The service's own database: postgresql+psycopg2://…"
    )
    database_pool_size: PositiveInt = Field(
        4, description="Connections, and database threads, of a process."
    )
    database_connect_timeout_seconds: PositiveInt = 5
    database_statement_timeout_ms: PositiveInt = Field(
        30_000,
        description="Time after which PostgreSQL ends a statement, or a transaction that is idle.",
    )
    database_silence_ms: PositiveInt = Field(
        15_000,
        description="Time after which a connection whose other end does not acknowledge anything is"
        " closed; one that acknowledges and does not respond is closed later by"
        " DATABASE_STATEMENT_TIMEOUT_MS.",
    )
    database_retry_max_seconds: PositiveFloat = Field(
        5.0, description="Longest delay between retries while PostgreSQL is unavailable."
    )
    database_stalled_seconds: PositiveFloat = Field(
        10.0, description="Time after which /readyz reports a transaction that is still retried."
    )

    @property
    def database_response_seconds(self) -> float:
        """Time after which a statement has no response that could still come."""
        return (self.database_statement_timeout_ms + self.database_silence_ms) / 1000


class MigrationSettings(FileSettings):
    """The limits of `migrate`."""

    migration_lock_timeout_ms: PositiveInt = Field(
        default=2_000,
        description="Time that a migration waits for a table; who needs the table waits behind it.",
    )
    migration_lock_attempts: PositiveInt = Field(
        default=30, description="Attempts to lock a table, after which `migrate` fails."
    )
    migration_wait_seconds: PositiveFloat = Field(
        default=600.0, description="Time that `migrate` waits for another one to end."
    )
    migration_kafka_seconds: PositiveFloat = Field(
        default=20.0, description="Time that `migrate` waits for brokers that are starting."
    )
