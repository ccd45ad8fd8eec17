"""The controllers of a Kafka cluster: who votes, on which ports, under which cluster id."""

import base64
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from saga_stack.processes.ports import reserve_free_port


class Quorum:
    """One controller for each node, numbered from 1; its port stays reserved until `release`."""

    def __init__(self, nodes: int = 1, cluster_id: str | None = None) -> None:
        """Reserves the ports.

        Args:
            nodes: How many there are.
            cluster_id: Of a cluster that was made before, or None for a new one.

        Raises:
            PortTakenError: No port is free.
        """
        self.cluster_id = cluster_id or new_cluster_id()
        self._reserved = {number: reserve_free_port() for number in range(1, nodes + 1)}

    @property
    def ports(self) -> Mapping[int, int]:
        """The port of each controller, by the number of its node."""
        return {number: reserved.port for number, reserved in self._reserved.items()}

    def release(self) -> None:
        """Gives up every port, right before the first node starts; may be repeated.

        All at once, as the first node connects to the others: on a port that is only reserved it
        would wait for an answer that never comes.
        """
        for reserved in self._reserved.values():
            reserved.release()


@dataclass(frozen=True)
class Seat:
    """A node's place in its quorum."""

    quorum: Quorum
    number: int = 1


def new_cluster_id() -> str:
    """A random one, in the form that Kafka wants: 16 bytes in 22 letters."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
