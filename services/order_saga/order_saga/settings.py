"""The orchestrator's settings; each is an environment variable of the same name."""

from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt
from saga_engine.rules import Timeout
from saga_messaging.settings import ServiceSettings

from order_saga.create_order.timeouts import Timeouts
from order_saga.service import SERVICE

StepTimeout = Annotated[float, Field(gt=0, le=604_800)]
"""Up to a week: Stripe keeps a hold no longer, and no deadline leaves the calendar."""


class OrderSagaSettings(ServiceSettings):
    """Its port, its steps' time-outs, its timers, its API's bounds."""

    http_port: PositiveInt = SERVICE.port
    payment_info_timeout_seconds: StepTimeout = 60.0  # well above KAFKA_SESSION_TIMEOUT_SECONDS
    payment_info_tries: PositiveInt = Field(1, description="Times that the user service is asked.")
    authorization_timeout_seconds: StepTimeout = 60.0
    settlement_timeout_seconds: StepTimeout = Field(
        60.0, description="Of the first try of a capture, a cancel, a refund."
    )
    settlement_tries: PositiveInt = Field(
        5, le=20, description="After which such an order needs attention."
    )
    settlement_back_off: float = Field(
        2.0, ge=1, le=10, description="By which each further try waits longer."
    )
    timer_poll_seconds: PositiveFloat = Field(
        0.2, description="A deadline fires this late, and later while many are due at once."
    )
    timer_grace_seconds: PositiveFloat = Field(
        5.0, description="After a start, to hear first what was said while it was away."
    )
    timer_batch_size: PositiveInt = 100
    deferred_poll_seconds: PositiveFloat = Field(
        1.0, description="Pause between two looks for messages that older replicas deferred."
    )
    list_limit: PositiveInt = Field(100, description="The longest page of GET /orders.")
    history_limit: PositiveInt = Field(
        1_000, description="GET /orders/{id} shows this many messages, the latest."
    )
    pause_retry_after_seconds: PositiveInt = Field(
        30, description="What POST /orders says while new orders are paused."
    )
    kafka_look_seconds: PositiveFloat = Field(
        5.0, description="How long operators wait for what Kafka says of lag and dead letters."
    )
    dead_letter_scan_limit: PositiveInt = Field(
        500, description="The newest dead letters of a partition that operators are shown."
    )

    @property
    def timeouts(self) -> Timeouts:
        """The time-outs of the saga's steps."""
        return Timeouts(
            payment_info=Timeout(self.payment_info_timeout_seconds, self.payment_info_tries),
            authorization=Timeout(self.authorization_timeout_seconds),
            operation=Timeout(
                self.settlement_timeout_seconds, self.settlement_tries, self.settlement_back_off
            ),
        )
