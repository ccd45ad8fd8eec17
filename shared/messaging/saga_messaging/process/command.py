"""The command line of a service: `python -m SERVICE` runs it, `… migrate` prepares its stores."""

import argparse
import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

import tenacity
from aiokafka.errors import (
    InvalidReplicationFactorError,
    KafkaConnectionError,
    KafkaError,
    NodeNotReadyError,
    RequestTimedOutError,
)
from pydantic import ValidationError
from pydantic_settings import SettingsError
from sqlalchemy.exc import DBAPIError

from saga_messaging.errors import MigrationRefused
from saga_messaging.kafka.access_errors import KafkaAccessError, explain_access_errors
from saga_messaging.kafka.topics import create_topics
from saga_messaging.postgres import migrations
from saga_messaging.postgres.failures import reason
from saga_messaging.process.logs import configure_logs
from saga_messaging.settings import ServiceSettings

S = TypeVar("S", bound=ServiceSettings)

_RETRY_SECONDS: Final = 0.2
_STARTING: Final = (
    KafkaConnectionError,
    NodeNotReadyError,
    RequestTimedOutError,
    InvalidReplicationFactorError,  # some brokers of the cluster have not registered yet
)


def run_service(package: str, load: Callable[..., S], serve: Callable[[S], None]) -> None:
    """Read the settings and the command line, then run the command.

    Raises:
        SystemExit: A setting is invalid, PostgreSQL cannot be migrated, or Kafka refused to create
            the topics; the message says what to correct.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {package}")
    parser.add_argument(
        "command",
        nargs="?",
        choices=["run", "migrate"],
        default="run",
        help="run: serve until SIGTERM (default); migrate: migrate the database, create topics",
    )
    parser.add_argument(
        "--migrate", action="store_true", help="with run: migrate first, then serve"
    )
    arguments = parser.parse_args()
    try:
        settings = load()
    except ValidationError as error:
        raise SystemExit(f"{package}: {_explain(error)}") from None
    except SettingsError as error:  # names a file under /run/secrets
        raise SystemExit(f"{package}: invalid settings: {error}: {error.__cause__}") from None
    configure_logs(package.replace("_", "-"), settings.log_level)
    if arguments.command == "migrate" or arguments.migrate:
        _migrate(package, settings)
        asyncio.run(_create_topics(package, settings))
    if arguments.command == "run":
        serve(settings)


def _migrate(package: str, settings: ServiceSettings) -> None:
    try:
        migrations.upgrade(package, settings.database_url, settings)
    except (MigrationRefused, DBAPIError) as error:
        raise SystemExit(f"{package}: database not migrated: {reason(error)}") from None


async def _create_topics(package: str, settings: ServiceSettings) -> None:
    """Create the topics; wait up to `MIGRATION_KAFKA_SECONDS` for brokers that are starting."""
    retrying = tenacity.AsyncRetrying(
        wait=tenacity.wait_fixed(_RETRY_SECONDS),
        stop=tenacity.stop_after_delay(settings.migration_kafka_seconds),
        retry=tenacity.retry_if_exception_type(_STARTING),
        reraise=True,
    )

    async def create() -> None:
        async with explain_access_errors(settings):
            await create_topics(settings)

    try:
        await retrying(create)
    except KafkaAccessError as error:
        raise SystemExit(f"{package}: topics not created: {error}") from None
    except (KafkaError, OSError, TimeoutError) as error:
        at = settings.kafka_bootstrap_servers
        raise SystemExit(f"{package}: topics not created by Kafka at {at}: {error!r}") from None


def _explain(error: ValidationError) -> str:
    lines = [
        f"{'.'.join(map(str, detail['loc'])).upper() or 'settings'}: {detail['msg']}"
        for detail in error.errors(include_input=False)
    ]
    return "invalid settings:\n  " + "\n  ".join(lines)
