"""DBOS: a library that checkpoints each step of a workflow in PostgreSQL."""

import asyncio
from pathlib import Path
from typing import Final

from saga_stack.processes.child import Child
from saga_stack.processes.http_server import HttpServer
from saga_stack.processes.ports import reserve_free_port
from saga_stack.processes.waiting import wait_while

from bench.peers.install import PYTHON
from bench.peers.peer import Order, Peer

WORKER: Final = Path(__file__).parent / "workers" / "dbos_worker.py"
READY_SECONDS: Final = 60.0
THREADS: Final = 8
"""Few, because threads share Python's lock; clients beyond that wait for one."""

WAITING_THREADS: Final = 32
"""Threads while orders come at an even pace, or wait for Stripe."""


class Dbos(Peer):
    """One DBOS process, which also makes its orders."""

    _worker: HttpServer | None = None
    _threads: int = THREADS

    async def start(self) -> None:
        """Start the process; return when DBOS is launched."""
        port = reserve_free_port()
        environment = {
            "SHOP_DATABASE_URL": self.shop.url("shop"),
            "DBOS_DATABASE_URL": self.shop.url("dbos", "postgresql+psycopg"),
            "STRIPE_API_BASE": self.shop.stripe_url,
            "HTTP_PORT": str(port.port),
        }
        child = Child("DBOS", [PYTHON, WORKER], log=self.folder / "dbos.log", env=environment)
        self._worker = HttpServer(child, port, "/readyz")
        self._worker.launch()
        await asyncio.to_thread(wait_while, self._worker.not_ready, READY_SECONDS)

    def stop(self) -> None:
        """Stop the process."""
        if self._worker:
            self._worker.stop()

    def processes(self) -> dict[str, list[int]]:
        """Return the process id."""
        return {"dbos": [self._started().child.pid]}

    async def slow_down_stripe(self, seconds: float) -> None:
        """Make Stripe wait, and use more threads, because they wait too."""
        self._threads = WAITING_THREADS
        await super().slow_down_stripe(seconds)

    async def run(self, orders: list[Order], clients: int, rate: float) -> None:
        """Run orders in the process; the number of clients is that of its threads at most."""
        threads = WAITING_THREADS if rate else min(clients, self._threads)
        body = {"orders": orders, "rate": rate, "threads": threads}
        async with self.http.post(f"{self._started().url}/orders", json=body) as response:
            response.raise_for_status()

    def _started(self) -> HttpServer:
        if self._worker is None:
            raise RuntimeError("DBOS was never started")
        return self._worker
