"""The commands `make up`, `make down` and `docker compose` for a project of its own."""

import json
import os
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from saga_stack.services import KAFKA, POSTGRES
from support.containers.engine import Engine
from support.containers.ports import free_ports
from support.repository import REPOSITORY

FILES = ("docker-compose.yml", "e2e/support/containers/offline.yml")
COMMAND_SECONDS = 600
# Override what the developer's own `.env` may set.
DEFAULTS = {"EMULATORS": "1", "STRIPE_API_BASE": "", "STRIPE_SYSTEM": "", "COMPOSE_PROFILES": ""}
# Variables of an outer `make`, which an inner one must not inherit.
MAKE_VARIABLES = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "ARGS"}


@dataclass
class Compose:
    """Commands of one compose project, whose name, ports and secrets are its own.

    Attributes:
        engine: The Docker engine.
        secrets: The folder of the project's secrets; `make up` creates them.
        name: The project's name, as in `docker compose --project-name`.
        ports: The published ports, by variable of docker-compose.yml.
    """

    engine: Engine
    secrets: Path
    name: str = field(default_factory=lambda: f"saga-e2e-{uuid.uuid4().hex[:8]}")
    ports: dict[str, str] = field(default_factory=free_ports)

    def up(self, **replicas: int) -> str:
        """Run `make up` with a number of replicas for each service; return its output.

        Raises:
            AssertionError: It failed; the message ends with the containers' logs.
        """
        scales = [f"--scale={service}={number}" for service, number in replicas.items()]
        try:
            return self._make("up", *scales)
        except AssertionError as error:
            logs = self.run("logs", "--no-color", "--tail=30")
            raise AssertionError(f"{error}\n{logs}") from None

    def down(self, *, volumes: bool = False) -> None:
        """Run `make down`; `volumes` removes the data too.

        Raises:
            AssertionError: It failed.
        """
        self._make("down", *(["--volumes"] if volumes else []))

    def run(self, *arguments: str, **environment: str) -> str:
        """Run `docker compose` with these arguments; return its standard output.

        Args:
            arguments: The command and its options.
            environment: Variables that override those of the project, as a `.env` file would.

        Raises:
            AssertionError: It failed; the message has its output.
        """
        return self._command("docker", "compose", *arguments, **environment)

    def config(self, *profiles: str, **environment: str) -> dict[str, Any]:
        """Return docker-compose.yml as `docker compose config` resolves it."""
        chosen = [f"--profile={profile}" for profile in profiles]
        return json.loads(self.run(*chosen, "config", "--format=json", **environment))

    def images(self) -> dict[str, str]:
        """Return the names of the official images: `python`, `postgres` and `kafka`."""
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
            cwd=REPOSITORY,
            env={**self._environment(), **environment},
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        output = f"{result.stdout}{result.stderr}"
        assert result.returncode == 0, f"{' '.join(command)}:\n{output}"
        return result.stdout

    def _environment(self) -> dict[str, str]:
        own_engine = {"BUILD_NETWORK": "host", "DOCKER_BUILDKIT": "0"}
        return {
            **{name: value for name, value in os.environ.items() if name not in MAKE_VARIABLES},
            **self.engine.environment,
            **self.ports,
            "COMPOSE_PROJECT_NAME": self.name,
            "COMPOSE_FILE": ":".join(FILES),
            "SECRETS_DIR": str(self.secrets),
            **DEFAULTS,
            **(own_engine if self.engine.own else {}),
        }
