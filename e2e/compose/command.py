"""`make up`, `make down` and `docker compose`, for a project of its own beside any other."""

import json
import os
import random
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from compose.engine import Engine
from saga_stack.errors import PortTakenError
from saga_stack.processes.ports import SEARCH_RANGE, PortReservation
from saga_stack.services import KAFKA, POSTGRES

ROOT = Path(__file__).parents[2]
FILES = ("docker-compose.yml", "e2e/compose/offline.yml")
COMMAND_SECONDS = 600
# What somebody's own `.env` may say, and is not for tests.
NOT_OURS = {"EMULATORS": "1", "STRIPE_API_BASE": "", "STRIPE_SYSTEM": "", "COMPOSE_PROFILES": ""}
OF_MAKE = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "ARGS"}
SPAN = 10
"""Ports for the replicas of one service, as many as the compose file's own ranges have."""


@dataclass
class Compose:
    """One project: its name, its ports and its secrets are nobody else's.

    Attributes:
        engine: Where it runs.
        secrets: A folder for its secrets; `make up` makes them.
        name: As `docker compose --project-name` has it.
    """

    engine: Engine
    secrets: Path
    name: str = field(default_factory=lambda: f"saga-e2e-{uuid.uuid4().hex[:8]}")
    ports: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.ports = free_ports()

    def up(self, **replicas: int) -> str:
        """Runs `make up`, each service with that many replicas; returns what it printed."""
        scales = [f"--scale={service}={number}" for service, number in replicas.items()]
        try:
            return self._make("up", *scales)
        except AssertionError as error:
            logs = self.run("logs", "--no-color", "--tail=30")
            raise AssertionError(f"{error}\n{logs}") from None

    def down(self, *, volumes: bool = False) -> None:
        """Runs `make down`; it removes the data too if `volumes`."""
        self._make("down", *(["--volumes"] if volumes else []))

    def run(self, *arguments: str, **environment: str) -> str:
        """Runs `docker compose …`; returns what it printed on standard output.

        Args:
            arguments: Of the command.
            environment: Set beside what this project sets, as a `.env` file would.

        Raises:
            AssertionError: It failed; the message has what it said.
        """
        return self._command("docker", "compose", *arguments, **environment)

    def config(self, *profiles: str, **environment: str) -> dict[str, Any]:
        """The compose file as `docker compose` understands it."""
        chosen = [f"--profile={profile}" for profile in profiles]
        return json.loads(self.run(*chosen, "config", "--format=json", **environment))

    def images(self) -> dict[str, str]:
        """The images that are not built from this repository, by what is in them."""
        services = self.config()["services"]
        return {
            "python": services["user"]["build"]["args"]["PYTHON_IMAGE"],
            **{name: services[name]["image"] for name in (POSTGRES, KAFKA)},
        }

    def _make(self, target: str, *arguments: str) -> str:
        variables = [f"PYTHON={sys.executable}", f"ARGS={' '.join(arguments)}"]
        return self._command("make", "--no-print-directory", target, *variables)

    def _command(self, *command: str, **environment: str) -> str:
        result = subprocess.run(
            command,
            cwd=ROOT,
            env={**self._environment(), **environment},
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        said = f"{result.stdout}{result.stderr}"
        assert result.returncode == 0, f"{' '.join(command)}:\n{said}"
        return result.stdout

    def _environment(self) -> dict[str, str]:
        # Not what a `make` above us was told for itself.
        outer = {name: value for name, value in os.environ.items() if name not in OF_MAKE}
        return {
            **outer,
            **self.engine.environment,
            **self.ports,
            "COMPOSE_PROJECT_NAME": self.name,
            "COMPOSE_FILE": ":".join(FILES),
            "SECRETS_DIR": str(self.secrets),
            **NOT_OURS,
            **({"BUILD_NETWORK": "host", "DOCKER_BUILDKIT": "0"} if self.engine.own else {}),
        }


def free_ports() -> dict[str, str]:
    """Ports for all that is published, none of which anybody listens on now."""
    first = _free_block(4 + 2 * SPAN)
    single = ("KAFKA_PORT", "POSTGRES_PORT", "USER_PORT", "EMULATOR_PORT")
    ports = {name: str(first + place) for place, name in enumerate(single)}
    for place, name in enumerate(("ORDER_SAGA_PORTS", "PAYMENT_PORTS")):
        start = first + len(single) + place * SPAN
        ports[name] = f"{start}-{start + SPAN - 1}"
    return ports


def _free_block(size: int) -> int:
    firsts = range(SEARCH_RANGE.start, SEARCH_RANGE.stop - size, size)
    for first in random.sample(firsts, len(firsts)):
        try:
            for port in range(first, first + size):
                PortReservation(port).release()
        except OSError:
            continue
        return first
    raise PortTakenError(f"No {size} ports in a row are free.")
