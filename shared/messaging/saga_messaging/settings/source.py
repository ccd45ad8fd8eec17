"""Where settings are read from."""

from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BeforeValidator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

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

    An empty environment variable counts as unset.
    """

    model_config = SettingsConfigDict(
        env_ignore_empty=True, secrets_dir=SECRETS if SECRETS.is_dir() else None
    )
