"""The payment service's settings; each is an environment variable of the same name."""

from typing import Final, Self

from pydantic import AnyHttpUrl, Field, PositiveFloat, PositiveInt, model_validator
from saga_messaging.settings import ServiceSettings
from saga_stripe import StripeSettings

SWEEPS_PER_LEASE: Final = 6


class PaymentSettings(ServiceSettings, StripeSettings):
    """Its port, its executor, and its patience with Stripe."""

    http_port: PositiveInt = 8002
    max_body_bytes: PositiveInt = 16_384
    database_give_up_seconds: PositiveFloat = Field(
        5.0, description="A request is answered 503 when PostgreSQL is away for longer."
    )
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
