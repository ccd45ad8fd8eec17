"""The embedded broker: Apache Kafka as a KRaft node on loopback, alone or in a cluster."""

import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from saga_stack.errors import ChildFailedError
from saga_stack.java.jars import ensure_jars
from saga_stack.java.runtime import Java, find_java
from saga_stack.kafka.certificates import write_private
from saga_stack.kafka.config import JAVA_ENVIRONMENT, JVM_FLAGS, LOGGING, server_properties
from saga_stack.kafka.probes import live_brokers
from saga_stack.kafka.quorum import Quorum, QuorumMember
from saga_stack.kafka.security import KafkaSecurity
from saga_stack.kafka.storage import format_storage, require_users
from saga_stack.processes.child import Child
from saga_stack.processes.ports import LOOPBACK, reserve_free_port, reserve_port
from saga_stack.processes.probes import port_answers
from saga_stack.processes.waiting import wait_while

READY_SECONDS = 60.0
LOGGING_FILE = "log4j2.yaml"


class EmbeddedKafka:
    """Apache Kafka as a child process, which ends when this process ends.

    Acknowledged records survive `stop`, `kill` and a later `EmbeddedKafka` on the same folder. The
    port does not change between stop and start. All methods block. Use it as a context manager, or
    call `stop` at the end.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int | None = None,
        java: Java | None = None,
        member: QuorumMember | None = None,
        security: KafkaSecurity | None = None,
    ) -> None:
        """Reserve the ports; the broker runs from `start` on.

        Args:
            data_dir: Kept between runs; created if missing.
            port: The port for clients, or None for a free one.
            java: The Java to use, or None for the first that is found.
            member: Its place in a cluster, or None for a single node.
            security: Requires TLS and a user's password; without it, plain text and no users.

        Raises:
            PortTakenError: The port is in use.
        """
        self._dir = data_dir
        self._java = java
        self.security = security
        self._client_port = reserve_port(port, "Kafka") if port else reserve_free_port()
        self._member = member or QuorumMember(Quorum())
        self._child: Child | None = None

    @property
    def port(self) -> int:
        """The port for clients."""
        return self._client_port.port

    @property
    def bootstrap_servers(self) -> str:
        """The address for clients: `127.0.0.1:port`."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def client_options(self) -> dict[str, Any]:
        """The options of an aiokafka client; of the admin if the broker is secured."""
        if self.security:
            return self.security.client_options(self.bootstrap_servers)
        return {"bootstrap_servers": self.bootstrap_servers}

    @property
    def log(self) -> Path:
        """The broker's log file."""
        return self._dir / "kafka.log"

    @property
    def child(self) -> Child:
        """The broker's process.

        Raises:
            ChildFailedError: It was never started.
        """
        if self._child is None:
            raise ChildFailedError("Kafka was never started.")
        return self._child

    @property
    def running(self) -> bool:
        """True while the broker's process is running."""
        return self._child is not None and self._child.running

    def start(self, timeout_seconds: float = READY_SECONDS) -> None:
        """Start or restart the broker; return when it is ready.

        A cluster needs a majority of its nodes to become ready: `launch` them all before the first
        `await_ready`.

        Raises:
            DownloadError: The jars cannot be downloaded.
            JavaMissingError: There is no Java 17 or newer.
            ChildFailedError: The broker ended or was not ready in time.
        """
        self.launch()
        self.await_ready(timeout_seconds)

    def launch(self) -> None:
        """Start the broker's process without waiting until it is ready.

        The first launch on a machine downloads Kafka's jars; the first in a folder formats it.
        """
        self._child = self._child or self._prepare()
        self._release_ports()
        self._child.start()

    def await_ready(self, timeout_seconds: float = READY_SECONDS) -> None:
        """Wait until the broker is ready; it is killed if it is not ready in time."""
        try:
            wait_while(self.not_ready, timeout_seconds)
        except BaseException:
            self.child.kill()
            raise

    def not_ready(self) -> str | None:
        """Return the reason why it is not ready yet, or None.

        It is ready once its own metadata lists it among the live brokers.

        Raises:
            ChildFailedError: It ended; the message contains the end of its log.
        """
        self.child.require_running()
        if port_answers(self.port) and self._member.number in live_brokers(self.client_options):
            return None
        return f"Kafka is not ready on port {self.port} (see {self.log})"

    def ask_to_stop(self) -> None:
        """Send the stop signal without waiting for the end."""
        if self._child:
            self._child.ask_to_stop()

    def stop(self) -> None:
        """Stop it cleanly (SIGTERM), or kill it at the time-out; may be repeated."""
        self._release_ports()
        if self._child:
            self._child.stop()

    def kill(self) -> None:
        """Kill it with SIGKILL, like a crash."""
        self.child.kill()

    def pause(self) -> None:
        """Suspend it (SIGSTOP): its connections stay open but it does not respond."""
        self.child.pause()

    def resume(self) -> None:
        """Resume it after `pause` (SIGCONT)."""
        self.child.resume()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _prepare(self) -> Child:
        launcher = self._launcher()
        properties = self._dir / "server.properties"
        log_dir = self._dir / "log"
        self._dir.mkdir(parents=True, exist_ok=True)
        if self.security:
            self._dir.chmod(0o700)  # Kafka writes secrets there too
        (self._dir / LOGGING_FILE).write_text(LOGGING)
        text = server_properties(
            log_dir, self.port, self._member.number, self._member.quorum.ports, self.security
        )
        write_private(properties, text)
        if (log_dir / "meta.properties").exists():
            require_users(self._dir, self.security)
        else:
            format_storage(launcher, properties, self._member.quorum.cluster_id, self.security)
        command = [*launcher, "kafka.Kafka", str(properties)]
        return Child("Kafka", command, log=self.log, env=JAVA_ENVIRONMENT)

    def _release_ports(self) -> None:
        self._client_port.release()
        self._member.quorum.release()

    def _launcher(self) -> list[str]:
        java = self._java or find_java()
        classpath = os.pathsep.join(str(jar) for jar in sorted(ensure_jars().glob("*.jar")))
        logging = f"-Dlog4j2.configurationFile={(self._dir / LOGGING_FILE).absolute().as_uri()}"
        return [str(java.path), *JVM_FLAGS, logging, "-cp", classpath]
