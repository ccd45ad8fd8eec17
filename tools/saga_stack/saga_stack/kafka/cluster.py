"""The brokers of a stack: `kafka` alone, or `kafka-1`, `kafka-2` and so on."""

import json
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from saga_stack.errors import StackError
from saga_stack.kafka.broker import EmbeddedKafka
from saga_stack.kafka.quorum import Quorum, QuorumMember
from saga_stack.kafka.security import KafkaSecurity
from saga_stack.services import KAFKA

FILE = "cluster.json"


@dataclass(frozen=True)
class _Cluster:
    """The cluster that a data folder contains, as stored in it."""

    brokers: int | None = None
    cluster_id: str | None = None


def create_brokers(
    folder: Path, brokers: int, first_port: int | None, security: KafkaSecurity | None = None
) -> dict[str, EmbeddedKafka]:
    """Return the brokers by component name, with their ports reserved but not started.

    Args:
        folder: Kept between runs; each node of a cluster has its own folder in it.
        brokers: The number of nodes; each is both broker and controller.
        first_port: The first broker's port; the others follow it. None for free ports.
        security: Users and certificates, shared by all brokers.

    Raises:
        StackError: The folder was created with another number of brokers.
        PortTakenError: A port is in use; the other ports are released.
    """
    _require_same_number(folder, brokers)
    if brokers == 1:
        return {KAFKA: EmbeddedKafka(folder, first_port, security=security)}
    with ExitStack() as undo:
        quorum = Quorum(brokers, _stored(folder).cluster_id)
        undo.callback(quorum.release)
        nodes: dict[str, EmbeddedKafka] = {}
        for number in quorum.ports:
            port = first_port + number - 1 if first_port else None
            member = QuorumMember(quorum, number)
            node = EmbeddedKafka(folder / f"node-{number}", port, member=member, security=security)
            undo.callback(node.stop)
            nodes[f"{KAFKA}-{number}"] = node
        _store(folder, _Cluster(brokers, quorum.cluster_id))
        undo.pop_all()
    return nodes


def _require_same_number(folder: Path, brokers: int) -> None:
    created_with = 1 if (folder / "log").exists() else _stored(folder).brokers
    if created_with not in (None, brokers):
        raise StackError(
            f"{folder} was created with --brokers {created_with}, not {brokers}.",
            f"Use --brokers {created_with}, another --data-dir, or --fresh to delete its data.",
        )


def _store(folder: Path, cluster: _Cluster) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(json.dumps(asdict(cluster)))


def _stored(folder: Path) -> _Cluster:
    # Without any node's log, an earlier start failed and left nothing to reuse.
    if not any(folder.glob("node-*/log")):
        return _Cluster()
    return _Cluster(**json.loads((folder / FILE).read_text()))
