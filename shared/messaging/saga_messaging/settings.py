"""The settings that every service has; each is an environment variable of the same name.

Each may also be a file of that name under /run/secrets, where Docker and Kubernetes put secrets.
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
from pydantic_settings import BaseSettings, SettingsConfigDict

SECRETS: Final = Path("/run/secrets")


class FileSettings(BaseSettings):
    """What the environment does not say is looked for in /run/secrets, if that exists."""

    model_config = SettingsConfigDict(secrets_dir=SECRETS if SECRETS.is_dir() else None)


class KafkaSettings(FileSettings):
    """How to reach Kafka, and how fast a dead worker's partitions are handed over."""

    kafka_bootstrap_servers: str = "127.0.0.1:9092"
    kafka_topic_prefix: str = Field("", description="Lets several systems share a cluster.")
    kafka_partitions: PositiveInt = Field(8, description="Of each topic; the most replicas.")
    kafka_replication_factor: PositiveInt = Field(1, description="How many brokers hold a topic.")
    kafka_min_insync_replicas: PositiveInt | None = Field(
        None,
        description="Of those, how many must have a record before it is acknowledged. By default"
        " all but one, and never one of two: losing any broker loses nothing, and from three on one"
        " that is away stops nothing.",
    )
    kafka_username: str | None = Field(None, description="Turns on SCRAM-SHA-512 over TLS.")
    kafka_password: SecretStr | None = None
    kafka_ca_file: Path | None = Field(None, description="Where the system's CAs do not do.")
    kafka_request_timeout_seconds: PositiveFloat = 20.0
    kafka_session_timeout_seconds: PositiveFloat = Field(
        10.0, description="A killed worker's partitions move after this long."
    )
    kafka_heartbeat_seconds: PositiveFloat = 3.0
    kafka_fetch_wait_ms: PositiveInt = Field(
        50, description="How long the broker holds a fetch that finds nothing."
    )

    kafka_metadata_seconds: PositiveFloat = Field(
        10.0, description="A topic or a partition that is new is found after this long."
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
        """`KAFKA_PASSWORD=` in an environment file is no password, rather than an empty one."""
        return value or None

    @field_validator("kafka_ca_file")
    @classmethod
    def _certificates_can_be_read(cls, file: Path | None) -> Path | None:
        try:
            ssl.create_default_context(cafile=file)
        except OSError as error:  # also what is no PEM
            raise ValueError(f"no certificates can be read from {file}: {error}") from None
        return file

    @property
    def min_insync_replicas(self) -> int:
        """What was set, or what follows from the replication factor."""
        held = self.kafka_replication_factor
        return self.kafka_min_insync_replicas or max(held - 1, min(held, 2))

    @model_validator(mode="after")
    def _enough_replicas(self) -> Self:
        if self.min_insync_replicas > self.kafka_replication_factor:
            raise ValueError(
                f"KAFKA_MIN_INSYNC_REPLICAS ({self.kafka_min_insync_replicas}) is more than"
                f" KAFKA_REPLICATION_FACTOR ({self.kafka_replication_factor}):"
                " nothing could ever be sent"
            )
        return self

    @model_validator(mode="after")
    def _credentials_are_whole(self) -> Self:
        if (self.kafka_username is None) != (self.kafka_password is None):
            raise ValueError("set both KAFKA_USERNAME and KAFKA_PASSWORD, or neither")
        if self.kafka_ca_file and not self.kafka_username:
            raise ValueError("KAFKA_CA_FILE has no effect without KAFKA_USERNAME")
        return self


class DatabaseSettings(FileSettings):
    """How to reach PostgreSQL, and how many connections a process may hold."""

    database_url: str = Field(description="postgresql+psycopg2://…")
    database_pool_size: PositiveInt = Field(4, description="Also the number of its threads.")
    database_connect_timeout_seconds: PositiveInt = 5
    database_statement_timeout_ms: PositiveInt = 30_000
    database_silence_ms: PositiveInt = Field(
        45_000, description="A connection over which nothing comes back for this long is dead."
    )
    database_retry_max_seconds: PositiveFloat = Field(
        5.0, description="The longest pause between two tries while PostgreSQL is away."
    )


class MessagingSettings(KafkaSettings, DatabaseSettings):
    """Batches, the outbox, dead letters."""

    intake_batch_size: PositiveInt = Field(200, description="Messages in one transaction.")
    outbox_batch_size: PositiveInt = 500
    outbox_memory_limit: PositiveInt = Field(
        20_000, description="Rows handed over in memory; the sweep finds those beyond it."
    )
    outbox_lease_seconds: PositiveFloat = Field(
        5.0, description="A row that its process did not send in this time is swept up."
    )
    outbox_sweep_seconds: PositiveFloat = 1.0
    publish_retry_max_seconds: PositiveFloat = Field(
        5.0, description="The longest pause between two tries while Kafka is away."
    )
    dead_letter_limit: PositiveInt = Field(
        100, description="More than this many in the window end the process, unacked."
    )
    dead_letter_window_seconds: PositiveFloat = 60.0


class ServiceSettings(MessagingSettings):
    """And where the service's HTTP side listens, how much it takes and how long it may take."""

    http_host: str = "127.0.0.1"
    http_port: PositiveInt
    max_body_bytes: PositiveInt = Field(65_536, description="Of a request; larger ones: 413.")
    database_give_up_seconds: PositiveFloat = Field(
        5.0, description="A request is answered 503 when PostgreSQL is away for longer."
    )
    http_shutdown_seconds: PositiveInt = Field(
        10, description="For requests in flight when the process is told to stop."
    )
    stop_timeout_seconds: PositiveFloat = Field(
        25.0, description="A process that is told to stop and has not by then ends as it is."
    )
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(str.upper)
    ] = "INFO"
