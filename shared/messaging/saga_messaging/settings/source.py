"""Where settings are read from."""

from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from saga_messaging.settings.bounds import bounded

SECRETS: Final = Path("/run/secrets")


def _split(value: Any) -> Any:
    return (
        [name.strip() for name in value.split(",") if name.strip()]
        if isinstance(value, str)
        else value
    )


Names = Annotated[frozenset[str], NoDecode, BeforeValidator(_split)]
"""Names separated by commas in an environment variable."""


class FileSettings(BaseSettings):
    """Settings from the environment, then from /run/secrets if that exists.

    An empty environment variable counts as unset. Numbers are finite and bounded.
    """

    model_config = SettingsConfigDict(
        allow_inf_nan=False,
        env_ignore_empty=True,
        secrets_dir=SECRETS if SECRETS.is_dir() else None,
    )

    @field_validator("*")
    @classmethod
    def _is_bounded(cls, value: Any, info: ValidationInfo) -> Any:
        bounded(info.field_name or "", value)
        return value
