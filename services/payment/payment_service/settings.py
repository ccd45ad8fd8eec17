"""The payment service's settings; each is an environment variable of the same name."""

from typing import Final, Self

from pydantic import (
    AnyHttpUrl,
    Field,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    field_validator,
    model_validator,
)
from saga_messaging.settings import ServiceSettings
from saga_schemas.values import Identifier
from saga_stripe import StripeSettings

from payment_service.service import SERVICE

SWEEPS_PER_LEASE: Final = 6


class PaymentSettings(ServiceSettings, StripeSettings):
    """Its port, its executor, and its patience with Stripe."""

    http_port: PositiveInt = SERVICE.port
    max_body_bytes: PositiveInt = Field(262_144, description="A webhook carries a whole object.")
    executor_concurrency: PositiveInt = Field(16, description="Calls to Stripe in flight.")
    executor_lease_seconds: PositiveFloat = Field(
        15.0, description="A payment whose process died is taken up after this long."
    )
    executor_sweep_seconds: PositiveFloat = Field(
        1.0, description="How often leases are renewed and payments left behind are taken up."
    )
    executor_memory_limit: PositiveInt = Field(
        10_000, description="Payments taken on; those beyond it wait in the database."
    )
    executor_pause_seconds: PositiveFloat = Field(
        5.0, description="Before Stripe is asked again about a payment, doubled each time."
    )
    executor_pause_max_seconds: PositiveFloat = 60.0
    stripe_retry_seconds: PositiveFloat = Field(
        30.0, description="For how long a request is repeated at once, with the same key."
    )
    stripe_settle_seconds: PositiveFloat = Field(
        90.0, description="How long after the last request a PaymentIntent may still appear."
    )
    stripe_return_url: AnyHttpUrl | None = Field(
        None, description="Where payment methods that redirect lead back to; else none may."
    )

    stripe_system: Identifier = Field(
        "saga-reference",
        description="Marks our PaymentIntents, where several systems share an account of Stripe.",
    )
    stripe_webhook_secret: SecretStr | None = Field(
        None, description="whsec_… of the endpoint; without it webhooks are answered 503."
    )
    webhook_tolerance_seconds: PositiveInt = Field(
        300, description="How far a webhook's signature may be from now, in both directions."
    )
    expiry_sweep_seconds: PositiveFloat = Field(
        60.0, description="How often holds are sought that should have expired by now."
    )
    expiry_slack_seconds: PositiveFloat = Field(
        60.0, description="How long after its end a hold is looked at, if Stripe told nothing."
    )
    reconcile_interval_seconds: PositiveFloat = Field(
        3_600.0, description="How often all payments are compared with Stripe."
    )
    reconcile_window_seconds: PositiveFloat = Field(
        691_200.0, description="How old PaymentIntents are that are compared: 8 days, a hold has 7."
    )
    reconcile_safety_seconds: PositiveFloat = Field(
        900.0, description="A hold without a payment is released once it is as old as this."
    )
    reconcile_list_limit: PositiveInt = Field(
        100, description="How many reconciliations are listed, the newest."
    )

    @field_validator("stripe_webhook_secret", mode="before")
    @classmethod
    def _empty_is_missing(cls, value: object) -> object:
        """`STRIPE_WEBHOOK_SECRET=` in an environment file is no secret."""
        return value or None

    @model_validator(mode="after")
    def _leases_can_be_renewed(self) -> Self:
        if self.executor_sweep_seconds * SWEEPS_PER_LEASE > self.executor_lease_seconds:
            raise ValueError(
                f"EXECUTOR_LEASE_SECONDS must be at least {SWEEPS_PER_LEASE} times "
                "EXECUTOR_SWEEP_SECONDS, so that a lease can be renewed in time"
            )
        return self

    @model_validator(mode="after")
    def _a_request_that_timed_out_can_be_repeated(self) -> Self:
        if self.stripe_retry_seconds <= self.stripe_timeout_seconds:
            raise ValueError("STRIPE_RETRY_SECONDS must be more than STRIPE_TIMEOUT_SECONDS")
        return self
