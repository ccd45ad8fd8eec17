"""A child process that serves HTTP on loopback: one of our services, or the Stripe emulator."""

from dataclasses import dataclass

from saga_stack.processes.child import Child
from saga_stack.processes.ports import LOOPBACK, PortReservation
from saga_stack.processes.probes import port_answers, readiness


@dataclass
class HttpServer:
    """A server whose port stays reserved until it is first launched.

    Attributes:
        child: The process; its arguments or environment name the port.
        port: Given up at launch.
        ready_path: Answers 200 once it is ready.
    """

    child: Child
    port: PortReservation
    ready_path: str

    @property
    def url(self) -> str:
        """Its base address."""
        return f"http://{LOOPBACK}:{self.port.port}"

    def launch(self) -> None:
        """Starts the process; returns at once."""
        self.port.release()
        self.child.start()

    def not_ready(self) -> str | None:
        """Why it is not ready yet, or None.

        Raises:
            ChildFailedError: It ended; the message has the end of its log.
        """
        self.child.require_running()
        if not port_answers(self.port.port):
            problem = f"does not listen on port {self.port.port}"
        else:
            problem = readiness(self.url + self.ready_path)
        return f"{self.child.name}: {problem} (see {self.child.log})" if problem else None

    def ask_to_stop(self) -> None:
        """Asks it to stop; returns at once."""
        self.child.ask_to_stop()

    def stop(self) -> None:
        """Stops it cleanly; gives its port up even if it was never launched."""
        self.port.release()
        self.child.stop()
