"""A scenario file: a seed, a rate limit and faults, in the words of the control API."""

import tomllib
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from stripe_emulator.faults.fault import Fault
from stripe_emulator.faults.rate_limit import RateLimit


class Scenario(BaseModel, extra="forbid", strict=True):
    """What is armed when the emulator starts, and again whenever it is reset.

    Attributes:
        seed: makes the ids and the faults repeatable.
        rate_limit: None lets any number of requests pass.
        faults: in the order in which they are asked.
    """

    seed: int | None = None
    rate_limit: RateLimit | None = None
    faults: list[Fault] = Field(default_factory=list[Fault])


class InvalidScenario(ValueError):
    """A scenario file that cannot be used; the message names the file and every wrong field."""


def load_scenario(path: Path) -> Scenario:
    """Read a scenario from a TOML file.

    Raises:
        InvalidScenario: the file cannot be read, is no TOML, or says something that is refused.
    """
    try:
        return Scenario.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        problems = "; ".join(_problem(each["loc"], each["msg"]) for each in error.errors())
        raise InvalidScenario(f"{path}: {problems}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidScenario(f"{path}: {error}") from None


def _problem(loc: tuple[int | str, ...], message: str) -> str:
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return f"{field.removeprefix('.')}: {message.removeprefix('Value error, ')}"
