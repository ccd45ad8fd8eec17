"""The settings of an embedded broker, each with its reason where it is not the default."""

from collections.abc import Mapping
from pathlib import Path

from saga_stack.kafka.security import KafkaSecurity
from saga_stack.processes.ports import LOOPBACK

# With the C1 compiler only, the start takes 1.6 s instead of 2.0 s and 2.0 s of CPU instead of 3.3;
# it stays ahead afterwards: 16 µs of CPU per message against 21, measured over 200,000 messages.
JVM_FLAGS = (
    "-Xms64m",
    "-Xmx384m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Djava.awt.headless=true",
    "-Djava.net.preferIPv4Stack=true",
)

MOST_COPIES = 3  # of every partition, however many brokers there are

LOGGING = """Configuration:
  Appenders:
    Console:
      name: console
      PatternLayout: {pattern: "%d{ISO8601} %-5p %c{1} %m%n"}
  Loggers:
    Root:
      level: WARN
      AppenderRef: {ref: console}
    Logger:
      - {name: kafka.server.KafkaRaftServer, level: INFO}
"""


def server_properties(
    log_dir: Path,
    port: int,
    number: int,
    controllers: Mapping[int, int],
    security: KafkaSecurity | None = None,
) -> str:
    """The `server.properties` of one node that is broker and controller at once.

    Args:
        log_dir: Where it keeps its log.
        port: For clients.
        number: Of the node.
        controllers: The controllers' ports, by the number of their node, its own included.
        security: Closes its plaintext listeners.
    """
    properties = {
        **_node(log_dir, port, number, controllers),
        **_copies(len(controllers)),
        **_QUICK_START,
        **_SMALL,
    }
    secured = security.secured(properties) if security else properties
    return "".join(f"{key}={value}\n" for key, value in secured.items())


def copies(brokers: int) -> int:
    """How many brokers hold a partition: with three, one can be lost while another restarts."""
    return min(brokers, MOST_COPIES)


def _node(
    log_dir: Path, port: int, number: int, controllers: Mapping[int, int]
) -> dict[str, object]:
    own = f"CONTROLLER://{LOOPBACK}:{controllers[number]}"
    voters = (f"{voter}@{LOOPBACK}:{its_port}" for voter, its_port in controllers.items())
    return {
        "process.roles": "broker,controller",
        "node.id": number,
        "controller.quorum.voters": ",".join(voters),
        "listeners": f"PLAINTEXT://{LOOPBACK}:{port},{own}",
        "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{port}",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": log_dir,
        # A misspelt topic must fail, not appear.
        "auto.create.topics.enable": "false",
    }


def _copies(brokers: int) -> dict[str, object]:
    """How often Kafka keeps its own topics, the offsets of groups above all."""
    held = copies(brokers)
    # What is acknowledged survives the loss of any broker, and one that is away stops nothing.
    needed = max(1, held - 1)
    return {
        "default.replication.factor": held,
        "min.insync.replicas": needed,
        "offsets.topic.replication.factor": held,
        "transaction.state.log.replication.factor": held,
        "transaction.state.log.min.isr": needed,
        "share.coordinator.state.topic.replication.factor": held,
        "share.coordinator.state.topic.min.isr": needed,
    }


_QUICK_START = {
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.num.partitions": 4,
    "share.coordinator.state.topic.num.partitions": 1,
    # A consumer that joins alone need not wait 3 s for company.
    "group.initial.rebalance.delay.ms": 0,
    # After a kill -9 the node may register again only when its old session is over (default 9 s).
    "broker.session.timeout.ms": 2000,
    "broker.heartbeat.interval.ms": 500,
    # Tests use sessions shorter than the broker's default minimum of 6 s.
    "group.min.session.timeout.ms": 1000,
}

_SMALL = {
    # The default of 128 MB would be a third of the heap.
    "log.cleaner.dedupe.buffer.size": 4 * 1024 * 1024,
    "num.network.threads": 2,
    "num.io.threads": 4,
    "background.threads": 2,
}
