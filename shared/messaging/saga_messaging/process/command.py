"""The command line of a service: `python -m SERVICE` runs it, `… migrate` prepares its stores."""

import argparse
import asyncio
from collections.abc import Callable
from typing import TypeVar

from pydantic import ValidationError
from pydantic_settings import SettingsError

from saga_messaging.kafka.access_errors import KafkaRefuses, explained
from saga_messaging.kafka.topics import create_topics
from saga_messaging.postgres import migrations
from saga_messaging.process.logs import configure_logs
from saga_messaging.settings import ServiceSettings

S = TypeVar("S", bound=ServiceSettings)


def run_service(package: str, load: Callable[..., S], serve: Callable[[S], None]) -> None:
    """Read the settings and the command line, and do what they say.

    Raises:
        SystemExit: A setting is wrong; the message names it.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {package}")
    parser.add_argument("command", nargs="?", choices=["run", "migrate"], default="run")
    arguments = parser.parse_args()
    try:
        settings = load()
    except ValidationError as error:
        raise SystemExit(f"{package}: {_explain(error)}") from None
    except SettingsError as error:  # of a file under /run/secrets, which it names
        raise SystemExit(f"{package}: wrong settings: {error}: {error.__cause__}") from None
    configure_logs(package.replace("_", "-"), settings.log_level)
    if arguments.command == "migrate":
        migrations.upgrade(package, settings.database_url)
        asyncio.run(_create_topics(package, settings))
    else:
        serve(settings)


async def _create_topics(package: str, settings: ServiceSettings) -> None:
    try:
        async with explained(settings):
            await create_topics(settings)
    except KafkaRefuses as refusal:
        raise SystemExit(f"{package}: no topics were made: {refusal}") from None


def _explain(error: ValidationError) -> str:
    lines = [
        f"{'.'.join(map(str, detail['loc'])).upper() or 'settings'}: {detail['msg']}"
        for detail in error.errors(include_input=False)
    ]
    return "wrong settings:\n  " + "\n  ".join(lines)
