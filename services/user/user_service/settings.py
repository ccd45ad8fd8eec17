"""The user service's settings, each an environment variable of the same name."""

from pydantic import Field, PositiveFloat, PositiveInt
from saga_messaging.settings import ServiceSettings
from saga_stripe import StripeSettings

from user_service.service import SERVICE


class UserServiceSettings(ServiceSettings, StripeSettings):
    """Settings of the user service, in addition to those of every service and of Stripe."""

    http_port: PositiveInt = SERVICE.port
    max_body_bytes: PositiveInt = 16_384
    stripe_tries: PositiveInt = Field(4, description="Attempts of a Stripe call, with one key.")
    stripe_retry_max_seconds: PositiveFloat = Field(
        2.0, description="Longest delay between attempts of a Stripe call."
    )
    stripe_give_up_seconds: PositiveFloat = Field(
        20.0, description="Time after which a request gets 503 while Stripe is unavailable."
    )
