"""Settings of the payment service; each is an environment variable of the same name."""

from datetime import timedelta
from typing import Final, Self

from pydantic import (
    AnyHttpUrl,
    Field,
    NonNegativeInt,
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
FORMER_DEFAULT_SYSTEM: Final = "saga-reference"
STRIPE_EVENT_DAYS: Final = 33
"""Events can be retrieved and resent for 30 days, and are retried for 3 more:
https://docs.stripe.com/webhooks#retries, https://docs.stripe.com/api/events"""


class PaymentSettings(ServiceSettings, StripeSettings):
    """The settings: HTTP, executor, Stripe, webhooks, expiry and reconciliation."""

    http_port: PositiveInt = SERVICE.port
    max_body_bytes: PositiveInt = Field(
        262_144, description="The largest request body, in bytes; a webhook carries an object."
    )
    executor_concurrency: PositiveInt = Field(
        16, description="The maximum number of Stripe calls in flight."
    )
    executor_lease_seconds: PositiveFloat = Field(
        15.0, description="How long until the operations of a crashed process are taken over."
    )
    executor_sweep_seconds: PositiveFloat = Field(
        1.0, description="How often leases are renewed and due operations are taken."
    )
    executor_memory_limit: PositiveInt = Field(
        10_000, description="The maximum number of operations in memory; others stay due."
    )
    executor_deadline_reserve: float = Field(
        0.2,
        ge=0,
        lt=1,
        description="The part of a command's time-out that is kept for Stripe's response and the "
        "reply; an authorization is not begun with less left.",
    )
    executor_late_share: PositiveInt = Field(
        4,
        description="While authorizations that can still succeed are waiting, one of this many "
        "operations is one that cannot.",
    )
    executor_pause_seconds: PositiveFloat = Field(
        5.0, description="The pause before an operation resumes; it doubles each time."
    )
    executor_pause_max_seconds: PositiveFloat = Field(60.0, description="The longest pause.")
    stripe_retry_seconds: PositiveFloat = Field(
        30.0, description="How long a request is retried immediately, with the same key."
    )
    stripe_settle_seconds: PositiveFloat = Field(
        90.0, description="How long after the last request a PaymentIntent may still appear."
    )
    stripe_return_url: AnyHttpUrl | None = Field(
        None,
        description="Where payment methods that redirect return to; without it, redirects are "
        "disallowed.",
    )

    stripe_system: Identifier | None = Field(
        None,
        description="Names this system in its PaymentIntents; default: a mark made at random by "
        "`migrate`, once for each installation.",
    )
    installation_check_seconds: PositiveFloat = Field(
        60.0, description="How often the database is confirmed to be the same as before."
    )
    installation_gap_seconds: PositiveFloat = Field(
        900.0,
        description="The time without a confirmation after which the database may be a restored "
        "one: holds that are older are not released.",
    )
    stripe_webhook_secret: SecretStr | None = Field(
        None,
        description="The signing secret (whsec_…) of the endpoint; without it, webhooks get 503. "
        "During a rotation, both with a comma in between.",
    )
    webhook_tolerance_seconds: PositiveInt = Field(
        300, description="How far a webhook's timestamp may be in the past or the future."
    )
    expiry_sweep_seconds: PositiveFloat = Field(
        60.0, description="How often holds past their expiry are searched for."
    )
    expiry_slack_seconds: PositiveFloat = Field(
        60.0,
        description="Grace period before an expired hold is checked, if no webhook came.",
    )
    reconcile_interval_seconds: PositiveFloat = Field(
        3_600.0, description="How often all payments are compared with Stripe."
    )
    reconcile_window_seconds: PositiveFloat = Field(
        691_200.0,
        description="The age up to which PaymentIntents are compared: 8 days; a hold lasts 7.",
    )
    reconcile_safety_seconds: PositiveFloat = Field(
        900.0, description="The age at which a hold without a payment is released."
    )
    reconcile_release_limit: NonNegativeInt = Field(
        10,
        description="The maximum number of holds without a payment that one run releases; if there "
        "are more, it releases none and asks.",
    )
    reconcile_open_disputes: NonNegativeInt = Field(
        100, description="The maximum number of open disputes that one run reads one by one."
    )
    reconcile_list_limit: PositiveInt = Field(
        100, description="The maximum number of reconciliations listed."
    )

    @field_validator("stripe_webhook_secret", "stripe_system", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        """Treat an empty file in /run/secrets as unset, as an empty variable is."""
        return value or None

    def webhook_secrets(self) -> list[str]:
        """Return the signing secrets; none, one, or two during a rotation."""
        given = self.stripe_webhook_secret.get_secret_value() if self.stripe_webhook_secret else ""
        return [secret.strip() for secret in given.split(",") if secret.strip()]

    @field_validator("stripe_system")
    @classmethod
    def _former_default_is_unset(cls, value: str | None) -> str | None:
        """Ignore the mark that every installation once had: it names none of them."""
        return None if value == FORMER_DEFAULT_SYSTEM else value

    @model_validator(mode="after")
    def _leases_can_be_renewed(self) -> Self:
        if self.executor_sweep_seconds * SWEEPS_PER_LEASE > self.executor_lease_seconds:
            raise ValueError(
                f"EXECUTOR_LEASE_SECONDS must be at least {SWEEPS_PER_LEASE} times "
                "EXECUTOR_SWEEP_SECONDS, so that leases are renewed in time"
            )
        return self

    @model_validator(mode="after")
    def _a_timed_out_request_can_be_retried(self) -> Self:
        if self.stripe_retry_seconds <= self.stripe_timeout_seconds:
            raise ValueError("STRIPE_RETRY_SECONDS must be greater than STRIPE_TIMEOUT_SECONDS")
        return self

    @model_validator(mode="after")
    def _webhooks_are_known_while_stripe_delivers_them(self) -> Self:
        if self.message_retention_days < STRIPE_EVENT_DAYS:
            raise ValueError(
                f"MESSAGE_RETENTION_DAYS ({self.message_retention_days:g}) is less than the "
                f"{STRIPE_EVENT_DAYS} days in which Stripe may deliver an event again"
            )
        return self

    @model_validator(mode="after")
    def _reconciled_payments_are_kept(self) -> Self:
        if timedelta(seconds=self.reconcile_window_seconds) > self.order_retention:
            raise ValueError(
                f"RECONCILE_WINDOW_SECONDS ({self.reconcile_window_seconds:g}) is longer than "
                f"ORDER_RETENTION_DAYS ({self.order_retention_days:g}): removed payments would be "
                "reported as unknown"
            )
        return self
