"""The controller quorum of a Kafka cluster: its voters, their ports and the cluster id."""

import base64
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from saga_stack.processes.ports import reserve_free_port


class Quorum:
    """One controller per node, numbered from 1; their ports stay reserved until `release`."""

    def __init__(self, nodes: int = 1, cluster_id: str | None = None) -> None:
        """Reserve the ports.

        Args:
            nodes: The number of nodes.
            cluster_id: The id of an existing cluster, or None for a new one.

        Raises:
            PortTakenError: No port is free.
        """
        self.cluster_id = cluster_id or new_cluster_id()
        self._reserved = {number: reserve_free_port() for number in range(1, nodes + 1)}

    @property
    def ports(self) -> Mapping[int, int]:
        """The port of each controller, by node number."""
        return {number: reserved.port for number, reserved in self._reserved.items()}

    def release(self) -> None:
        """Release all ports at once, right before the first node starts; may be repeated.

        The first node connects to the others. A port that is only reserved would accept its
        connection and never respond.
        """
        for reserved in self._reserved.values():
            reserved.release()


@dataclass(frozen=True)
class QuorumMember:
    """A node of a quorum, by its number."""

    quorum: Quorum
    number: int = 1


def new_cluster_id() -> str:
    """Return a random cluster id in Kafka's format: 16 bytes as 22 base64 characters."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
