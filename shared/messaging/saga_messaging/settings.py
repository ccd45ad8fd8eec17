"""Settings that every service has, each an environment variable of the same name.

A setting may also be a file of that name in /run/secrets, where Docker and Kubernetes put secrets.
"""

import ssl
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from saga_http.bounds import Bounds

SECRETS: Final = Path("/run/secrets")


def _split(value: Any) -> Any:
    return (
        [name.strip() for name in value.split(",") if name.strip()]
        if isinstance(value, str)
        else value
    )


Names = Annotated[frozenset[str], NoDecode, BeforeValidator(_split)]
"""Names separated by commas in an environment variable."""


class FileSettings(BaseSettings):
    """Settings from the environment, then from /run/secrets if that exists."""

    model_config = SettingsConfigDict(secrets_dir=SECRETS if SECRETS.is_dir() else None)


class KafkaSettings(FileSettings):
    """The connection to Kafka, its topics, and the timing of consumer groups."""

    kafka_bootstrap_servers: str = "127.0.0.1:9092"
    kafka_topic_prefix: str = Field(
        "", description="Prefix of topics and groups, so that several systems can share a cluster."
    )
    kafka_partitions: PositiveInt = Field(
        8, description="Partitions of each topic; also the highest useful number of replicas."
    )
    kafka_replication_factor: PositiveInt = Field(
        1, description="Number of brokers that store each topic."
    )
    kafka_min_insync_replicas: PositiveInt | None = Field(
        None,
        description="Number of brokers that must store a record before it is acknowledged. Default:"
        " one less than the replication factor, or all where that is 1 or 2. The loss of one broker"
        " then loses no record; with three or more brokers, it stops nothing.",
    )
    kafka_min_retention_seconds: PositiveFloat = Field(
        604_800.0,
        description="Retention of a topic below which `migrate` and the start log a warning: a"
        " consumer that is stopped for longer misses records.",
    )
    kafka_username: str | None = Field(None, description="Enables SCRAM-SHA-512 over TLS.")
    kafka_password: SecretStr | None = None
    kafka_ca_file: Path | None = Field(
        None, description="Certificate authority of the brokers. Default: the system's authorities."
    )
    kafka_request_timeout_seconds: PositiveFloat = 20.0
    kafka_session_timeout_seconds: PositiveFloat = Field(
        10.0, description="Time after which the partitions of a crashed process are reassigned."
    )
    kafka_heartbeat_seconds: PositiveFloat = 3.0
    kafka_fetch_wait_ms: PositiveInt = Field(
        50, description="Time that a broker waits for records before it returns an empty fetch."
    )
    kafka_metadata_seconds: PositiveFloat = Field(
        10.0, description="Time after which a new topic or partition is discovered."
    )

    kafka_max_batch_bytes: PositiveInt = Field(
        16 * 1024 * 1024,
        description="Most bytes of a record batch after its decompression; a larger one becomes a"
        " dead letter.",
    )
    kafka_open_transaction_seconds: PositiveFloat = Field(
        60.0,
        description="Time after which a transaction that another producer has left open, and that"
        " holds back the messages behind it, makes the service not ready.",
    )

    @field_validator(
        "kafka_username",
        "kafka_password",
        "kafka_ca_file",
        "kafka_min_insync_replicas",
        mode="before",
    )
    @classmethod
    def _empty_is_missing(cls, value: Any) -> Any:
        """Treat an empty value, such as `KAFKA_PASSWORD=` in an environment file, as unset."""
        return value or None

    @field_validator("kafka_ca_file")
    @classmethod
    def _certificates_can_be_read(cls, file: Path | None) -> Path | None:
        try:
            ssl.create_default_context(cafile=file)
        except OSError as error:  # includes a file that is not PEM
            raise ValueError(f"no certificates can be read from {file}: {error}") from None
        return file

    @property
    def min_insync_replicas(self) -> int:
        """The setting, or its default, which depends on the replication factor."""
        replicas = self.kafka_replication_factor
        return self.kafka_min_insync_replicas or max(replicas - 1, min(replicas, 2))

    @model_validator(mode="after")
    def _enough_replicas(self) -> Self:
        if self.min_insync_replicas > self.kafka_replication_factor:
            raise ValueError(
                f"KAFKA_MIN_INSYNC_REPLICAS ({self.kafka_min_insync_replicas}) exceeds"
                f" KAFKA_REPLICATION_FACTOR ({self.kafka_replication_factor}):"
                " no record could be acknowledged"
            )
        return self

    @model_validator(mode="after")
    def _credentials_are_complete(self) -> Self:
        if (self.kafka_username is None) != (self.kafka_password is None):
            raise ValueError("set both KAFKA_USERNAME and KAFKA_PASSWORD, or neither")
        if self.kafka_ca_file and not self.kafka_username:
            raise ValueError("KAFKA_CA_FILE has no effect without KAFKA_USERNAME")
        return self


class DatabaseSettings(FileSettings):
    """The connection to PostgreSQL."""

    database_url: str = Field(description="The service's own database: postgresql+psycopg2://…")
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


class MessagingSettings(KafkaSettings, DatabaseSettings):
    """Batch sizes, the outbox, dead letters."""

    intake_batch_size: PositiveInt = Field(200, description="Most messages in one transaction.")
    intake_buffer_bytes: PositiveInt = Field(
        32 * 1024 * 1024,
        description="Bytes of messages in memory above which no more are fetched.",
    )
    consumer_stall_seconds: PositiveFloat = Field(
        30.0,
        description="Time without progress after which a consumer makes the service not ready.",
    )
    consumer_restart_seconds: PositiveFloat = Field(
        120.0,
        description="Time without consuming, while Kafka and PostgreSQL respond, after which the"
        " process ends itself, to be started again.",
    )
    outbox_batch_size: PositiveInt = Field(500, description="Most records published at once.")
    outbox_batch_bytes: PositiveInt = Field(
        16_777_216, description="Most bytes published at once, and read from the table at once."
    )
    outbox_memory_limit: PositiveInt = Field(
        20_000, description="Most rows of a topic in memory; the sweep publishes the others."
    )
    outbox_memory_bytes: PositiveInt = Field(
        67_108_864, description="Most bytes of a topic in memory, as `outbox_memory_limit`."
    )
    outbox_lease_seconds: PositiveFloat = Field(
        5.0, description="Time after which an unpublished row may be claimed by any process."
    )
    outbox_sweep_seconds: PositiveFloat = Field(
        1.0, description="Interval of the search for rows with an expired lease."
    )
    outage_seconds: PositiveFloat = Field(
        5.0,
        description="Time without an answer from Kafka or PostgreSQL after which time-outs stop.",
    )
    outage_poll_seconds: PositiveFloat = Field(
        1.0, description="Interval at which Kafka and PostgreSQL are asked."
    )
    outbox_sweep_back_off: PositiveInt = Field(
        10, description="Factor of that interval while a topic is unavailable or its memory full."
    )
    outbox_parked_limit: PositiveInt = Field(
        100,
        description="Most records of a topic that are parked because Kafka refuses them; then the "
        "topic waits.",
    )
    publish_retry_max_seconds: PositiveFloat = Field(
        5.0, description="Longest delay between retries while Kafka is unavailable."
    )
    dead_letter_limit: PositiveInt = Field(
        100,
        description="Unreadable records of a topic in the window that become dead letters; one more"
        " pauses its partition, unacknowledged.",
    )
    dead_letter_window_seconds: PositiveFloat = 60.0


class HttpSettings(FileSettings):
    """The HTTP server: its address, what clients may take of it, and who may call it."""

    http_host: str = "127.0.0.1"
    http_port: PositiveInt
    max_body_bytes: PositiveInt = Field(
        65_536, description="Largest request body; a larger one gets 413."
    )
    http_max_connections: PositiveInt = Field(
        512,
        description="Most open connections; beyond, the one that has waited longest is closed.",
    )
    http_max_requests: PositiveInt = Field(
        128, description="Most requests in progress; another gets 503, except a health check."
    )
    http_backlog: PositiveInt = Field(128, description="Most connections queued by the kernel.")
    http_head_bytes: PositiveInt = Field(
        32_768, description="Largest request line with all headers; a larger one gets 431."
    )
    http_head_timeout_seconds: PositiveFloat = Field(
        10.0, description="Time for a request's head to arrive; a slower one gets 408."
    )
    http_body_timeout_seconds: PositiveFloat = Field(
        10.0, description="Time for a request's body to arrive; a slower one gets 408."
    )
    http_stall_timeout_seconds: PositiveFloat = Field(
        20.0, description="Time that a client may read nothing of its response."
    )
    http_keep_alive_seconds: PositiveInt = Field(
        5, description="Time that an idle connection is kept open."
    )
    http_reading_share: float = Field(
        0.5,
        gt=0,
        lt=1,
        description="Largest part of the time that parsing requests may take; the consumers have "
        "the rest.",
    )
    http_shutdown_seconds: PositiveInt = Field(
        10, description="Time for requests in progress to finish during shutdown."
    )
    allowed_hosts: Names = Field(
        frozenset(),
        description="Host names of the service besides `localhost`, separated by commas; an "
        "address is always allowed, and `*` allows every name.",
    )
    allowed_origins: Names = Field(
        frozenset(),
        description="Origins of other websites that may call the service, separated by commas: "
        "`https://admin.example`.",
    )

    @property
    def http_bounds(self) -> Bounds:
        """The bounds of the server."""
        return Bounds(
            connections=self.http_max_connections,
            backlog=self.http_backlog,
            head_bytes=self.http_head_bytes,
            head_seconds=self.http_head_timeout_seconds,
            body_seconds=self.http_body_timeout_seconds,
            stall_seconds=self.http_stall_timeout_seconds,
            keep_alive_seconds=self.http_keep_alive_seconds,
            reading_share=self.http_reading_share,
        )


class ServiceSettings(HttpSettings, MessagingSettings, MigrationSettings):
    """Settings of a whole service: messaging, HTTP, shutdown, logs."""

    database_give_up_seconds: PositiveFloat = Field(
        5.0, description="Time after which a request gets 503 while PostgreSQL is unavailable."
    )
    stop_timeout_seconds: PositiveFloat = Field(
        25.0, description="Time after which a shutdown that has not finished is forced."
    )
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(str.upper)
    ] = "INFO"
