"""Settings of every service that calls Stripe."""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import Field, PositiveFloat, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SECRETS: Final = Path("/run/secrets")


class StripeSettings(BaseSettings):
    """Stripe's test mode, or the emulator. A live key is rejected: this is a reference system."""

    model_config = SettingsConfigDict(
        allow_inf_nan=False,
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
        20.0, le=3_600, description="Time limit of one request to Stripe."
    )

    @field_validator("stripe_secret_key")
    @classmethod
    def _only_test_keys(cls, key: SecretStr) -> SecretStr:
        value = key.get_secret_value()
        if not value.startswith(("sk_test_", "rk_test_")):
            raise ValueError("only a test mode key (sk_test_…) is accepted")
        if not _is_token(value):
            raise ValueError("has a space, a line break or a character that is not ASCII")
        return key

    @field_validator("stripe_api_base")
    @classmethod
    def _is_an_address(cls, base: str | None) -> str | None:
        if not base:
            return None
        try:
            parts = urlsplit(base)
            valid = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        except ValueError:
            valid = False
        if not valid or not _is_token(base):
            raise ValueError(f"{base!r} is not an address such as https://api.stripe.com")
        return base


def _is_token(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text
