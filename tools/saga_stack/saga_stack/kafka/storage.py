"""The log folder of a Kafka node, formatted before its first start."""

import os
import subprocess
from pathlib import Path

from saga_stack.errors import ChildFailedError, StackError
from saga_stack.kafka.certificates import write_private
from saga_stack.kafka.config import JVM_ENVIRONMENT
from saga_stack.kafka.security import KafkaSecurity

FORMAT_SECONDS = 60.0
USERS_FILE = "formatted-with-users"


def format_storage(
    launcher: list[str], properties: Path, cluster_id: str, security: KafkaSecurity | None = None
) -> None:
    """Format an empty log folder, as every new KRaft node requires.

    Args:
        launcher: The command that runs a class of Kafka.
        properties: The node's `server.properties`; the tool runs in its folder.
        cluster_id: The id of its cluster.
        security: The SCRAM users to create, if any.

    Raises:
        ChildFailedError: Kafka's tool failed; the message contains its output.
    """
    tool = [*launcher, "kafka.tools.StorageTool", "format", f"--cluster-id={cluster_id}"]
    # A formatting that was killed left some files behind, which may be overwritten.
    command = [*tool, "--ignore-formatted", "--config", properties.name]
    if security:
        users = properties.with_name(USERS_FILE)
        write_private(users, "\n".join(security.scram_arguments()))
        command.append(f"@{users.name}")  # every user can read a command line with `ps`
    result = subprocess.run(
        command,
        cwd=properties.parent,
        env={**os.environ, **JVM_ENVIRONMENT},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=FORMAT_SECONDS,
        check=False,
    )
    if result.returncode:
        raise ChildFailedError(f"Kafka could not format its folder: {result.stdout}{result.stderr}")


def require_users(folder: Path, security: KafkaSecurity | None) -> None:
    """Return if an existing node folder has the users that a secured broker needs.

    Raises:
        StackError: The folder was formatted without users.
    """
    if security and not (folder / USERS_FILE).exists():
        raise StackError(
            f"{folder} was created without --secure-kafka and has no users.",
            "Use another folder with --data-dir, or delete its data with --fresh.",
        )
