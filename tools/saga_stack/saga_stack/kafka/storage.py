"""Formats the log folder of a new Kafka node."""

import subprocess
from pathlib import Path

from saga_stack.errors import ChildFailedError, StackError
from saga_stack.kafka.certificates import write_private
from saga_stack.kafka.security import KafkaSecurity

FORMAT_SECONDS = 60.0
WITH_USERS = "formatted-with-users"


def format_storage(
    launcher: list[str], properties: Path, cluster_id: str, security: KafkaSecurity | None = None
) -> None:
    """Prepares an empty log folder for a node of this cluster, as every new KRaft node needs.

    Args:
        launcher: What runs a class of Kafka's.
        properties: Of the node.
        cluster_id: Of its cluster.
        security: Its users are made with the folder.

    Raises:
        ChildFailedError: Kafka's own tool refused; the message has its output.
    """
    tool = [*launcher, "kafka.tools.StorageTool", "format", f"--cluster-id={cluster_id}"]
    # A run that was killed halfway has left some files behind: they may be written again.
    command = [*tool, "--ignore-formatted", "--config", str(properties)]
    if security:
        users = properties.with_name(WITH_USERS)
        write_private(users, "\n".join(security.scram_arguments()))
        command.append(f"@{users}")  # `ps` shows a command line to everybody
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=FORMAT_SECONDS, check=False
    )
    if result.returncode:
        raise ChildFailedError(f"Kafka could not format its folder: {result.stdout}{result.stderr}")


def require_users(folder: Path, security: KafkaSecurity | None) -> None:
    """Returns if a node's folder, formatted before, has the users that it is to let in.

    Raises:
        StackError: It was formatted without them.
    """
    if security and not (folder / WITH_USERS).exists():
        raise StackError(
            f"{folder} was made without --secure-kafka, and has no users.",
            "Use another folder with --data-dir, or forget what is in this one with --fresh.",
        )
