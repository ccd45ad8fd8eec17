"""The bounds of the emulator, each an environment variable: its name after `EMULATOR_`."""

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt
from pydantic_settings import BaseSettings, SettingsConfigDict
from saga_http.bounds import HttpBounds


class EmulatorBounds(BaseSettings, HttpBounds):
    """What clients may take of the emulator, and what it keeps in memory."""

    model_config = SettingsConfigDict(
        env_prefix="EMULATOR_", env_ignore_empty=True, allow_inf_nan=False
    )

    max_body_bytes: PositiveInt = Field(
        default=262_144, description="Largest request body; a larger one gets 413."
    )
    request_log_size: PositiveInt = Field(
        default=1_000, description="Requests that `/_emulator/requests` keeps."
    )
    request_log_bytes: PositiveInt = Field(
        default=67_108_864, description="Bytes of the bodies that it keeps."
    )
    event_log_size: PositiveInt = Field(
        default=10_000,
        description="Events that are kept, and deliveries pending for each endpoint.",
    )
    fault_log_size: PositiveInt = Field(
        default=1_000, description="Hits that `/_emulator/faults` keeps."
    )
    dashboard_rows: PositiveInt = Field(
        default=500, description="Rows that the dashboard keeps in each table."
    )
    dashboard_tick_seconds: PositiveFloat = Field(
        default=0.25, description="Interval of updates to an open dashboard."
    )


class WebhookBounds(BaseSettings):
    """The bounds of deliveries; times are those of the emulator's clock unless noted.

    Stripe publishes neither delays nor a timeout: "an exponential back off", up to three days, in
    test mode three times in a few hours (https://docs.stripe.com/webhooks#retries).
    """

    model_config = SettingsConfigDict(
        env_prefix="EMULATOR_WEBHOOK_", env_ignore_empty=True, allow_inf_nan=False
    )

    concurrency: PositiveInt = Field(
        default=1,
        description="Simultaneous deliveries to one endpoint; more than one may change the order "
        "of events.",
    )
    timeout_seconds: PositiveFloat = Field(
        default=10.0, description="Time for a receiver's response, in real time."
    )
    response_limit_bytes: PositiveInt = Field(
        default=65_536, description="Bytes that are read of a response body."
    )
    attempts: PositiveInt = Field(default=16, description="Attempts of a delivery.")
    retry_seconds: PositiveInt = Field(
        default=2,
        description="Delay after the first failed attempt; it doubles with each further one.",
    )
    retry_limit_seconds: PositiveInt = Field(default=3_600, description="The longest delay.")
    hold_seconds: NonNegativeInt = Field(
        default=10, description="Longest delay of an event that is delivered out of order."
    )
    log_size: PositiveInt = Field(
        default=1_000, description="Attempts that `/_emulator/webhooks/deliveries` keeps."
    )

    def wait_seconds(self, attempts: int) -> int:
        """Return the delay after this number of failed attempts."""
        return min(self.retry_limit_seconds, self.retry_seconds << (attempts - 1))
