"""Settings of the orchestrator; each is an environment variable of the same name."""

from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt
from saga_engine.rules import Timeout
from saga_messaging.settings import ServiceSettings

from order_saga.create_order.timeouts import Timeouts
from order_saga.service import SERVICE

StepTimeout = Annotated[float, Field(gt=0, le=604_800)]
"""Seconds, at most a week: the longest that Stripe keeps a hold."""


class OrderSagaSettings(ServiceSettings):
    """The settings of the orchestrator: port, time-outs, timers and limits of the API."""

    http_port: PositiveInt = SERVICE.port
    payment_info_timeout_seconds: StepTimeout = 60.0  # well above KAFKA_SESSION_TIMEOUT_SECONDS
    payment_info_tries: PositiveInt = Field(
        1, description="Maximum number of tries to retrieve the payment information."
    )
    authorization_timeout_seconds: StepTimeout = 60.0
    settlement_timeout_seconds: StepTimeout = Field(
        60.0, description="Time-out of the first try of a capture, a cancellation or a refund."
    )
    settlement_tries: PositiveInt = Field(
        5,
        le=20,
        description="Maximum number of tries of a capture, a cancellation or a refund; then the "
        "order needs attention.",
    )
    settlement_back_off: float = Field(
        2.0, ge=1, le=10, description="Factor by which the time-out grows with each further try."
    )
    timer_poll_seconds: PositiveFloat = Field(
        0.2, description="Interval at which due deadlines are looked up."
    )
    timer_grace_seconds: PositiveFloat = Field(
        5.0,
        description="Delay of the first deadlines after a start, so that replies already in Kafka "
        "are handled first.",
    )
    timer_batch_size: PositiveInt = 100
    deferred_poll_seconds: PositiveFloat = Field(
        1.0, description="Interval at which messages deferred by older replicas are looked up."
    )
    list_limit: PositiveInt = Field(
        100, description="Maximum number of orders, or other entries, on a page."
    )
    history_limit: PositiveInt = Field(
        1_000,
        description="Maximum number of entries in the history of GET /orders/{id}: its first and "
        "its newest part.",
    )
    history_first: PositiveInt = Field(
        50, description="Number of entries in the first part of a history that is too long."
    )
    refused_requests_limit: PositiveInt = Field(
        100,
        description="Maximum number of different refused requests in an order's history; further "
        "ones are counted by their type.",
    )
    pause_retry_after_seconds: PositiveInt = Field(
        30, description="Retry-After of POST /orders while new orders are paused."
    )
    admission_wait_share: float = Field(
        0.6,
        gt=0,
        le=1,
        description="The part of the shortest time-out of a new order that it may have to wait; "
        "POST /orders answers 503 if it would be more.",
    )
    admission_minimum: PositiveInt = Field(
        20, description="Orders that wait for a reply before a new one is refused."
    )
    admission_sample_seconds: PositiveFloat = Field(
        1.0, description="Interval at which the waiting orders are counted."
    )
    admission_window_seconds: PositiveFloat = Field(
        10.0, description="Time over which the rate of replies is measured."
    )
    admission_retry_after_seconds: PositiveInt = Field(
        5, description="Retry-After of POST /orders under overload if the rate is unknown."
    )
    admission_retry_after_max_seconds: PositiveInt = Field(
        60, description="Longest Retry-After of POST /orders under overload."
    )
    kafka_look_seconds: PositiveFloat = Field(
        5.0, description="Time limit for reading consumer lag and dead letters from Kafka."
    )
    dead_letter_scan_limit: PositiveInt = Field(
        500, description="Maximum number of dead letters read from each partition, newest first."
    )
    dead_letter_scan_bytes: PositiveInt = Field(
        33_554_432, description="Maximum number of bytes of dead letters read for one response."
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
