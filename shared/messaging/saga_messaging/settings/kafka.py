"""Settings of Kafka: the connection, the topics, and what is read from them."""

import ssl
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    Field,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    field_validator,
    model_validator,
)

from saga_messaging.settings.addresses import valid_bootstrap_servers, valid_topic_prefix
from saga_messaging.settings.bounds import DAY_SECONDS
from saga_messaging.settings.source import FileSettings


class KafkaSettings(FileSettings):
    """The connection to Kafka, its topics, and the timing of consumer groups."""

    kafka_bootstrap_servers: Annotated[str, AfterValidator(valid_bootstrap_servers)] = (
        "127.0.0.1:9092"
    )
    kafka_topic_prefix: Annotated[str, AfterValidator(valid_topic_prefix)] = Field(
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
    kafka_request_timeout_seconds: PositiveFloat = Field(20.0, le=DAY_SECONDS)
    kafka_session_timeout_seconds: PositiveFloat = Field(
        10.0,
        le=DAY_SECONDS,
        description="Time after which the partitions of a crashed process are reassigned.",
    )
    kafka_heartbeat_seconds: PositiveFloat = Field(3.0, le=DAY_SECONDS)
    kafka_fetch_wait_ms: PositiveInt = Field(
        50, description="Time that a broker waits for records before it returns an empty fetch."
    )
    kafka_metadata_seconds: PositiveFloat = Field(
        10.0,
        le=DAY_SECONDS,
        description="Time after which a new topic or partition is discovered.",
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
        """Treat an empty file in /run/secrets as unset, as an empty variable is."""
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
