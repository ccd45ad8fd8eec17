"""As many brokers as a stack wants, each a part of it: `kafka` alone, or `kafka-1` and so on."""

import json
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from saga_stack.errors import StackError
from saga_stack.kafka.broker import EmbeddedKafka
from saga_stack.kafka.quorum import Quorum, Seat
from saga_stack.kafka.security import KafkaSecurity
from saga_stack.services import KAFKA

FILE = "cluster.json"


@dataclass(frozen=True)
class _Cluster:
    """What a folder remembers of the cluster in it."""

    brokers: int | None = None
    cluster_id: str | None = None


def brokers_of(
    folder: Path, brokers: int, first_port: int | None, security: KafkaSecurity | None = None
) -> dict[str, EmbeddedKafka]:
    """The brokers by the name of their part, their ports reserved; nothing runs yet.

    Args:
        folder: Kept between runs; each node of a cluster has a folder of its own in it.
        brokers: How many; every one is broker and controller at once.
        first_port: Of the first; the others have the ports after it. None for free ones.
        security: Of every one.

    Raises:
        StackError: The folder was made with another number of brokers.
        PortTakenError: A port is in use; those of the others are given up.
    """
    _require_same_number(folder, brokers)
    if brokers == 1:
        return {KAFKA: EmbeddedKafka(folder, first_port, security=security)}
    with ExitStack() as undo:
        quorum = Quorum(brokers, _remembered(folder).cluster_id)
        undo.callback(quorum.release)
        nodes: dict[str, EmbeddedKafka] = {}
        for number in quorum.ports:
            port = first_port + number - 1 if first_port else None
            node = EmbeddedKafka(
                folder / f"node-{number}",
                port,
                seat=Seat(quorum, number),
                security=security,
            )
            undo.callback(node.stop)
            nodes[f"{KAFKA}-{number}"] = node
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_text(json.dumps(asdict(_Cluster(brokers, quorum.cluster_id))))
        undo.pop_all()
    return nodes


def _require_same_number(folder: Path, brokers: int) -> None:
    made_with = 1 if (folder / "log").exists() else _remembered(folder).brokers
    if made_with not in (None, brokers):
        raise StackError(
            f"{folder} was made with --brokers {made_with}, not {brokers}.",
            f"Use --brokers {made_with}, another --data-dir, or --fresh to forget its data.",
        )


def _remembered(folder: Path) -> _Cluster:
    # Where no node has made a log, the start failed before: nothing to remember.
    if not any(folder.glob("node-*/log")):
        return _Cluster()
    return _Cluster(**json.loads((folder / FILE).read_text()))
