"""Scenario files: a seed, a rate limit and faults, in the format of the control API."""

import tomllib
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from stripe_emulator.faults.fault import Fault
from stripe_emulator.faults.rate_limit import RateLimit


class Scenario(BaseModel, extra="forbid", strict=True):
    """The faults and the rate limit at the start and after every reset.

    Attributes:
        seed: The seed of ids and faults.
        rate_limit: The rate limit; None is unlimited.
        faults: The faults, in the order of their precedence.
    """

    seed: int | None = None
    rate_limit: RateLimit | None = None
    faults: list[Fault] = Field(default_factory=list[Fault])


class InvalidScenario(ValueError):
    """An invalid scenario file; the message names the file and every invalid field."""


def load_scenario(path: Path) -> Scenario:
    """Read a scenario from a TOML file.

    Raises:
        InvalidScenario: If the file cannot be read, is not TOML, or has an invalid field.
    """
    try:
        return Scenario.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        problems = "; ".join(_problem(found["loc"], found["msg"]) for found in error.errors())
        raise InvalidScenario(f"{path}: {problems}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidScenario(f"{path}: {error}") from None


def _problem(loc: tuple[int | str, ...], message: str) -> str:
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return f"{field.removeprefix('.')}: {message.removeprefix('Value error, ')}"
