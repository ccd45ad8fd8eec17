"""Settings of retention: how long finished work is kept, and how fast it is removed."""

from datetime import timedelta
from typing import Final, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from saga_messaging.settings.source import FileSettings

DISPUTE_DAYS: Final = 120
"""The time in which a cardholder can usually dispute a payment; for some reasons it is up to 540
days: https://docs.stripe.com/disputes/how-disputes-work"""


class RetentionSettings(FileSettings):
    """How long finished work is kept. The same values apply to every service."""

    retention_enabled: bool = Field(True, description="False keeps every row.")
    message_retention_days: PositiveFloat = Field(
        45.0,
        description="How long messages of finished orders, and webhook events, are kept whole; "
        "longer than any topic that is consumed, and than its dead-letter topic.",
    )
    personal_data_retention_days: PositiveFloat = Field(
        180.0,
        description="How long a finished order and its payment keep the user, the card, the "
        "description and the line items.",
    )
    order_retention_days: PositiveFloat = Field(
        550.0,
        description="How long a finished order, its history and its idempotency keys are kept; "
        "its payment is kept for MESSAGE_RETENTION_DAYS more.",
    )
    retention_interval_seconds: PositiveFloat = Field(
        300.0, description="Pause between two passes over the tables."
    )
    retention_batch_size: PositiveInt = Field(
        1_000, description="Most rows that one step, which is one transaction, examines."
    )
    retention_pause_seconds: float = Field(
        0.1, ge=0, description="Pause between two steps, so that orders go first."
    )

    retention_clock_trial_seconds: float = Field(
        86_400.0,
        ge=0,
        allow_inf_nan=False,
        description="How long the database's clock must run evenly before anything is removed; "
        "the time begins again once it has moved by more than that between two passes.",
    )

    @model_validator(mode="after")
    def _the_longer_is_not_shorter(self) -> Self:
        if self.personal_data_retention_days < self.message_retention_days:
            raise ValueError(
                f"PERSONAL_DATA_RETENTION_DAYS ({self.personal_data_retention_days:g}) is less "
                f"than MESSAGE_RETENTION_DAYS ({self.message_retention_days:g}): until then, the "
                "messages of an order contain the same data"
            )
        if self.order_retention_days < self.personal_data_retention_days:
            raise ValueError(
                f"ORDER_RETENTION_DAYS ({self.order_retention_days:g}) is less than "
                f"PERSONAL_DATA_RETENTION_DAYS ({self.personal_data_retention_days:g})"
            )
        if self.order_retention_days < DISPUTE_DAYS:
            raise ValueError(
                f"ORDER_RETENTION_DAYS ({self.order_retention_days:g}) is less than the "
                f"{DISPUTE_DAYS} days in which a payment can be disputed"
            )
        return self

    @property
    def message_retention(self) -> timedelta:
        """How long messages are kept."""
        return timedelta(days=self.message_retention_days)

    @property
    def personal_data_retention(self) -> timedelta:
        """How long personal data is kept."""
        return timedelta(days=self.personal_data_retention_days)

    @property
    def order_retention(self) -> timedelta:
        """How long orders are kept."""
        return timedelta(days=self.order_retention_days)

    @property
    def payment_retention(self) -> timedelta:
        """How long payments are kept: they outlive every message that their order sent."""
        return self.order_retention + self.message_retention
