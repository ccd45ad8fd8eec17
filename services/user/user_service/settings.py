"""The user service's settings; each is an environment variable of the same name."""

from pydantic import Field, PositiveFloat, PositiveInt
from saga_messaging.settings import ServiceSettings
from saga_stripe import StripeSettings

from user_service.service import SERVICE


class UserServiceSettings(ServiceSettings, StripeSettings):
    """Its port, and how long a caller may have to wait."""

    http_port: PositiveInt = SERVICE.port
    max_body_bytes: PositiveInt = 16_384
    stripe_tries: PositiveInt = Field(4, description="Of one call, with one idempotency key.")
    stripe_retry_max_seconds: PositiveFloat = Field(2.0, description="Between two tries.")
    stripe_give_up_seconds: PositiveFloat = Field(
        20.0, description="A request is answered 503 when Stripe is away for longer."
    )
