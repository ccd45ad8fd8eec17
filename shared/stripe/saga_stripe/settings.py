"""Settings of every service that calls Stripe."""

from pathlib import Path
from typing import Final

from pydantic import Field, PositiveFloat, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SECRETS: Final = Path("/run/secrets")


class StripeSettings(BaseSettings):
    """Stripe's test mode, or the emulator. A live key is rejected: this is a reference system."""

    model_config = SettingsConfigDict(
        env_ignore_empty=True,
        hide_input_in_errors=True,  # does not show a rejected key
        secrets_dir=SECRETS if SECRETS.is_dir() else None,
    )

    stripe_secret_key: SecretStr = Field(
        description="A test mode key: sk_test_… or rk_test_…; read at the start."
    )
    stripe_api_base: str | None = Field(
        None, description="Address of the emulator. Default: Stripe's own API."
    )
    stripe_timeout_seconds: PositiveFloat = Field(
        20.0, description="Time limit of one request to Stripe."
    )

    @field_validator("stripe_secret_key")
    @classmethod
    def _only_test_keys(cls, key: SecretStr) -> SecretStr:
        if not key.get_secret_value().startswith(("sk_test_", "rk_test_")):
            raise ValueError("only a test mode key (sk_test_…) is accepted")
        return key
