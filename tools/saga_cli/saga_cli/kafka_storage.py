"""Formats the log folder of a new Kafka node."""

import subprocess
from pathlib import Path

from saga_cli.errors import ChildFailedError

FORMAT_SECONDS = 60.0


def format_storage(launcher: list[str], properties: Path, cluster_id: str) -> None:
    """Prepares an empty log folder for a node of this cluster, as every new KRaft node needs.

    Raises:
        ChildFailedError: Kafka's own tool refused; the message has its output.
    """
    tool = [*launcher, "kafka.tools.StorageTool", "format", f"--cluster-id={cluster_id}"]
    # A run that was killed halfway has left some files behind: they may be written again.
    command = [*tool, "--ignore-formatted", "--config", str(properties)]
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=FORMAT_SECONDS, check=False
    )
    if result.returncode:
        raise ChildFailedError(f"Kafka could not format its folder: {result.stdout}{result.stderr}")
