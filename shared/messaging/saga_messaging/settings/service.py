"""Settings of a whole service."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PositiveFloat

from saga_messaging.settings.delivery import MessagingSettings
from saga_messaging.settings.http import HttpSettings
from saga_messaging.settings.postgres import MigrationSettings
from saga_messaging.settings.retention import RetentionSettings


class ServiceSettings(HttpSettings, MessagingSettings, MigrationSettings, RetentionSettings):
    """Settings that every service has."""

    database_give_up_seconds: PositiveFloat = Field(
        5.0, description="Time after which a request gets 503 while PostgreSQL is unavailable."
    )
    stop_timeout_seconds: PositiveFloat = Field(
        25.0, description="Time after which a shutdown that has not finished is forced."
    )
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(str.upper)
    ] = "INFO"
