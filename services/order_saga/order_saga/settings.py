"""The orchestrator's settings; each is an environment variable of the same name."""

from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt
from saga_messaging.settings import ServiceSettings

StepTimeout = Annotated[float, Field(gt=0, le=604_800)]
"""Up to a week: Stripe keeps a hold no longer, and no deadline leaves the calendar."""


class OrderSagaSettings(ServiceSettings):
    """Its port, its steps' time-outs, its timers, its API's bounds."""

    http_port: PositiveInt = 8000
    payment_info_timeout_seconds: StepTimeout = 60.0  # well above KAFKA_SESSION_TIMEOUT_SECONDS
    authorization_timeout_seconds: StepTimeout = 60.0
    timer_poll_seconds: PositiveFloat = Field(0.5, description="A deadline fires this late.")
    timer_grace_seconds: PositiveFloat = Field(
        5.0, description="After a start, to hear first what was said while it was away."
    )
    timer_batch_size: PositiveInt = 100
    max_body_bytes: PositiveInt = 65_536
    place_order_timeout_seconds: PositiveFloat = Field(
        5.0, description="POST /orders answers 503 when PostgreSQL is away for longer."
    )
    list_limit: PositiveInt = Field(100, description="The longest page of GET /orders.")
    history_limit: PositiveInt = Field(
        1_000, description="GET /orders/{id} shows this many messages, the latest."
    )
