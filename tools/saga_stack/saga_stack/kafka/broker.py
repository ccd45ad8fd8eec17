"""The embedded broker: Apache Kafka itself, a KRaft node on loopback, alone or in a cluster."""

import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from saga_stack.errors import ChildFailedError
from saga_stack.java.jars import ensure_jars
from saga_stack.java.runtime import Java, find_java
from saga_stack.kafka.certificates import write_private
from saga_stack.kafka.config import JVM_FLAGS, LOGGING, server_properties
from saga_stack.kafka.probes import live_brokers
from saga_stack.kafka.quorum import Quorum, Seat
from saga_stack.kafka.security import KafkaSecurity
from saga_stack.kafka.storage import format_storage, require_users
from saga_stack.processes.child import Child
from saga_stack.processes.ports import LOOPBACK, reserve_free_port, reserve_port
from saga_stack.processes.probes import port_answers
from saga_stack.processes.waiting import wait_until_nothing

READY_SECONDS = 60.0
LOGGING_FILE = "log4j2.yaml"


class EmbeddedKafka:
    """Apache Kafka as a child process of this one; it dies when this process dies.

    What was acknowledged survives `stop`, `kill` and a later `EmbeddedKafka` on the same folder.
    The port stays the same through stop and start. All methods block. `log` is the broker's log
    file. Use it as a context manager, or call `stop` at the end.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int | None = None,
        java: Java | None = None,
        seat: Seat | None = None,
        security: KafkaSecurity | None = None,
    ) -> None:
        """Chooses and reserves the ports; nothing runs before `start`.

        Args:
            data_dir: Kept between runs; created if missing.
            port: The port to listen on, or None for a free one.
            java: The Java to run on, or None for the first that is found.
            seat: In the cluster it belongs to, or None for a node that is alone.
            security: Lets in only its users, over TLS; without it everybody, in plain text.

        Raises:
            PortTakenError: The port is in use.
        """
        self._dir = data_dir
        self._java = java
        self.security = security
        self._client_port = reserve_port(port, "Kafka") if port else reserve_free_port()
        self._seat = seat or Seat(Quorum())
        self._child: Child | None = None

    @property
    def port(self) -> int:
        """The port for clients."""
        return self._client_port.port

    @property
    def bootstrap_servers(self) -> str:
        """What clients connect to: `127.0.0.1:port`."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def client_options(self) -> dict[str, Any]:
        """What aiokafka's clients are told to connect, as the admin where there are users."""
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
        """Whether the broker's process lives; `start` returned means that it answers too."""
        return self._child is not None and self._child.running

    def start(self, timeout_seconds: float = READY_SECONDS) -> None:
        """Starts the broker, or starts it again; returns when it takes part.

        In a cluster that needs most of the nodes: then `launch` all before the first `await_ready`.

        Raises:
            DownloadError: The jars cannot be had.
            JavaMissingError: No Java 17 or newer.
            ChildFailedError: The broker ended or was not ready in time.
        """
        self.launch()
        self.await_ready(timeout_seconds)

    def launch(self) -> None:
        """The first half of `start`: returns when the process runs.

        The first launch on a machine fetches Kafka's jars, the first on a folder formats it.
        """
        self._child = self._child or self._prepare()
        self._release_ports()
        self._child.start()

    def await_ready(self, timeout_seconds: float = READY_SECONDS) -> None:
        """The second half of `start`; a broker that does not get ready is killed."""
        try:
            wait_until_nothing(self.not_ready, timeout_seconds)
        except BaseException:
            self.child.kill()
            raise

    def not_ready(self) -> str | None:
        """Why it is not ready yet, or None: it knows itself among the brokers that are alive.

        Raises:
            ChildFailedError: It ended; the message has the end of its log.
        """
        self.child.require_running()
        if port_answers(self.port) and self._seat.number in live_brokers(self.client_options):
            return None
        return f"Kafka is not ready on port {self.port} (see {self.log})"

    def ask_to_stop(self) -> None:
        """Asks it to stop; returns at once."""
        if self._child:
            self._child.ask_to_stop()

    def stop(self) -> None:
        """Stops it cleanly (SIGTERM), or kills it when that takes too long; may be repeated."""
        self._release_ports()
        if self._child:
            self._child.stop()

    def kill(self) -> None:
        """Ends it with SIGKILL, as a crash would."""
        self.child.kill()

    def pause(self) -> None:
        """Stalls it (SIGSTOP): connections stay open, nothing is answered."""
        self.child.pause()

    def resume(self) -> None:
        """Ends the stall (SIGCONT)."""
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
            self._dir.chmod(0o700)  # also what Kafka itself writes there is of no use to others
        (self._dir / LOGGING_FILE).write_text(LOGGING)
        text = server_properties(
            log_dir, self.port, self._seat.number, self._seat.quorum.ports, self.security
        )
        write_private(properties, text)
        if (log_dir / "meta.properties").exists():
            require_users(self._dir, self.security)
        else:
            format_storage(launcher, properties, self._seat.quorum.cluster_id, self.security)
        return Child("Kafka", [*launcher, "kafka.Kafka", str(properties)], log=self.log)

    def _release_ports(self) -> None:
        self._client_port.release()
        self._seat.quorum.release()

    def _launcher(self) -> list[str]:
        java = self._java or find_java()
        classpath = os.pathsep.join(str(jar) for jar in sorted(ensure_jars().glob("*.jar")))
        logging = f"-Dlog4j2.configurationFile={self._dir / LOGGING_FILE}"
        return [str(java.path), *JVM_FLAGS, logging, "-cp", classpath]
