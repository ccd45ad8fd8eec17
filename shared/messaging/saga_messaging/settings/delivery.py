"""Settings of delivery: the intake, the outbox, dead letters, outages."""

from pydantic import Field, PositiveFloat, PositiveInt

from saga_messaging.settings.kafka import KafkaSettings
from saga_messaging.settings.postgres import DatabaseSettings


class MessagingSettings(KafkaSettings, DatabaseSettings):
    """The bounds of what is consumed, published and kept in memory."""

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
    outage_seconds: PositiveFloat = Field(
        5.0,
        description="Time without an answer from Kafka or PostgreSQL after which time-outs stop.",
    )
    outage_poll_seconds: PositiveFloat = Field(
        1.0, description="Interval at which Kafka and PostgreSQL are asked."
    )
