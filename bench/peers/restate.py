"""Restate: a server with its own durable log, which calls a handler over HTTP."""

import asyncio
import os
import time
from pathlib import Path
from typing import Final

import aiohttp
from saga_stack.processes.child import Child
from saga_stack.processes.http_server import HttpServer
from saga_stack.processes.ports import LOOPBACK, PortReservation, reserve_free_port
from saga_stack.processes.waiting import wait_while

from bench.load.clients import post_at_rate, post_by_clients
from bench.peers.install import FOLDER, restate_server
from bench.peers.peer import Order, Peer

WORKERS: Final = Path(__file__).parent / "workers"
READY_SECONDS: Final = 60.0
ROLES: Final = ("ingress", "admin", "node", "handler")

CONFIGURATION: Final = """
node-name = "node"
cluster-name = "bench"
base-dir = "{folder}"
listen-mode = "tcp"
bind-ip = "127.0.0.1"
bind-address = "127.0.0.1:{node}"
advertised-address = "http://127.0.0.1:{node}/"
rocksdb-total-memory-size = "512.0 MiB"
disable-telemetry = true
log-filter = "warn"
[admin]
bind-address = "127.0.0.1:{admin}"
disable-web-ui = true
[ingress]
bind-address = "127.0.0.1:{ingress}"
"""


class Restate(Peer):
    """One node of Restate with its default durability, and one process with the handler."""

    _children: tuple[HttpServer | Child, ...] = ()

    async def start(self) -> None:
        """Start the node and the handler, and register it."""
        self._ports = {role: reserve_free_port() for role in ROLES}
        server, handler = self._server(), self._handler()
        self._children = (handler, server)
        for role in ("node", "ingress", "handler"):
            self._ports[role].release()
        server.launch()
        handler.start()
        self._pids = {"restate": [server.child.pid], "handler": [handler.pid]}
        await asyncio.to_thread(wait_while, server.not_ready, READY_SECONDS)
        await self._register(handler)

    def stop(self) -> None:
        """Stop both processes."""
        for child in self._children:
            child.stop()

    def processes(self) -> dict[str, list[int]]:
        """Return the process ids of the server and of the handler."""
        return self._pids

    async def run(self, orders: list[Order], clients: int, rate: float) -> None:
        """Run orders through the ingress, each as a call that returns at its end."""

        async def post(number: int) -> str:
            order = orders[number]
            due = order.setdefault("submitted_at", time.time())
            url = f"http://{LOOPBACK}:{self._ports['ingress'].port}/Shop/create_order"
            key = {"idempotency-key": order["order_id"]}
            async with self.http.post(url, json={**order, "submitted_at": due}, headers=key) as got:
                got.raise_for_status()
                await got.read()
            return order["order_id"]

        if rate:
            start = time.time()
            for number, order in enumerate(orders):
                order["submitted_at"] = start + number / rate
            await post_at_rate(post, len(orders), rate)
        else:
            await post_by_clients(post, len(orders), clients)

    def _server(self) -> HttpServer:
        configuration = self.folder / "restate.toml"
        ports = {role: port.port for role, port in self._ports.items()}
        text = CONFIGURATION.format(folder=self.folder / "restate", **ports)
        configuration.write_text(text)
        argv = [restate_server(), "--config-file", configuration, "--no-logo"]
        quiet = {"DO_NOT_TRACK": "1", "RESTATE_DISABLE_TELEMETRY": "true"}
        child = Child("Restate", argv, log=self.folder / "restate.log", env=quiet)
        admin: PortReservation = self._ports["admin"]
        return HttpServer(child, admin, "/health")

    def _handler(self) -> Child:
        port = str(self._ports["handler"].port)
        argv = [FOLDER / "venv" / "bin" / "granian", "--interface", "asgi", "--http", "2"]
        argv += ["--host", LOOPBACK, "--port", port, "--loop", "uvloop", "restate_app:app"]
        environment = {
            "SHOP_DATABASE_URL": self.shop.url("shop"),
            "STRIPE_API_BASE": self.shop.stripe_url,
            "PYTHONPATH": os.pathsep.join([str(WORKERS)]),
        }
        log = self.folder / "handler.log"
        return Child("Restate's handler", argv, log=log, env=environment, cwd=self.folder)

    async def _register(self, handler: Child) -> None:
        admin = f"http://{LOOPBACK}:{self._ports['admin'].port}/deployments"
        body = {"uri": f"http://{LOOPBACK}:{self._ports['handler'].port}", "force": True}
        problem = ""
        async with asyncio.timeout(READY_SECONDS):
            while True:
                handler.require_running()
                try:
                    async with self.http.post(admin, json=body) as response:
                        if response.ok:
                            return
                        problem = await response.text()
                except aiohttp.ClientError as error:
                    problem = str(error)
                await asyncio.sleep(0.2)
        raise RuntimeError(problem)
