"""A child process that serves HTTP on loopback: a service or the Stripe emulator."""

from dataclasses import dataclass

from saga_stack.processes.child import Child
from saga_stack.processes.ports import LOOPBACK, PortReservation
from saga_stack.processes.probes import port_answers, readiness


@dataclass
class HttpServer:
    """A server whose port stays reserved until its first launch.

    Attributes:
        child: The process; its arguments or environment contain the port.
        port: The reservation, released at launch.
        ready_path: The path that returns 200 once the server is ready.
    """

    child: Child
    port: PortReservation
    ready_path: str

    @property
    def url(self) -> str:
        """The base address."""
        return f"http://{LOOPBACK}:{self.port.port}"

    def launch(self, *arguments: str) -> None:
        """Start the process, with further arguments, without waiting until it is ready."""
        self.port.release()
        self.child.start(*arguments)

    def not_ready(self) -> str | None:
        """Return the reason why it is not ready yet, or None.

        Raises:
            ChildFailedError: It ended; the message contains the end of its log.
        """
        self.child.require_running()
        if not port_answers(self.port.port):
            problem = f"does not listen on port {self.port.port}"
        else:
            problem = readiness(self.url + self.ready_path)
        return f"{self.child.name}: {problem} (see {self.child.log})" if problem else None

    def ask_to_stop(self) -> None:
        """Send the stop signal without waiting for the end."""
        self.child.ask_to_stop()

    def stop(self) -> None:
        """Stop it cleanly, and release its port even if it was never launched."""
        self.port.release()
        self.child.stop()
