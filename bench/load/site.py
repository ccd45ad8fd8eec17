"""A fresh local stack, with a client and the events of its orders."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
from saga_stack.services import SERVICES
from saga_stack.settings import StackSettings
from saga_stack.stack import Stack

from bench.load.orders import post_order
from bench.load.outcomes import REJECTED, Outcomes
from bench.measuring.usage import Reading, read_usage
from bench.measuring.verdict import Verdict, judge

KEEP_ALIVE_SECONDS: Final = 2.0
"""Below the time after which the services close an idle connection."""

POST_LIMIT_SECONDS: Final = 300.0

OURS: Final = tuple(SERVICES)
"""The components that are our services."""

QUIET: Final = {"KAFKA_SESSION_TIMEOUT_SECONDS": "60", "LOG_LEVEL": "WARNING"}
"""A busy machine does not end consumers' sessions, and logs cost nothing."""

NO_ADMISSION: Final = {"ADMISSION_MINIMUM": "1000000"}
"""No order is refused, however many wait."""


@dataclass(frozen=True)
class Site:
    """A running stack under load.

    Attributes:
        stack: The stack.
        http: A client, without a limit of connections.
        outcomes: The events of its orders.
        accepted: The ids of all orders that `post` posted.
    """

    stack: Stack
    http: aiohttp.ClientSession
    outcomes: Outcomes
    accepted: list[str] = field(default_factory=list[str])

    async def post(self, number: int) -> str:
        """Post one order, of one user after the other; return its id."""
        order = await post_order(self.http, self.stack, number)
        self.accepted.append(order)
        return order

    def processes(self) -> dict[str, list[int]]:
        """Return the process ids of the whole stack, by component; replicas are together."""
        servers = self.stack.settings.servers
        groups: dict[str, list[int]] = {}
        for component in self.stack.components:
            name = servers[component].name if component in servers else component
            groups.setdefault(name, []).append(self.stack.pid(component))
        return groups

    def read_usage(self) -> Reading:
        """Read the CPU time of the stack."""
        return read_usage(self.processes())

    async def judge(self) -> Verdict:
        """Compare all accepted orders with the events and with the PaymentIntents at Stripe."""
        types = self.outcomes.types(self.outcomes.events)
        intents = await read_payment_intents(self.http, self.stack.emulator_url, "saga_id")
        return judge(self.accepted, types, intents, REJECTED)


async def read_payment_intents(
    http: aiohttp.ClientSession, emulator_url: str, order_id: str
) -> list[str]:
    """Return the order's id of every PaymentIntent; `order_id` is its name in the metadata."""
    async with http.get(f"{emulator_url}/_emulator/ledger") as response:
        response.raise_for_status()
        intents: Sequence[Mapping[str, Any]] = (await response.json())["payment_intents"]
    return [intent["metadata"].get(order_id, "") for intent in intents]


@asynccontextmanager
async def open_site(
    environment: Mapping[str, str] | None = None,
    replicas: Mapping[str, int] | None = None,
    connections: int = 0,
    timeout_seconds: float = POST_LIMIT_SECONDS,
) -> AsyncGenerator[Site]:
    """Start a stack in a temporary folder; stop and remove it at the end.

    Args:
        environment: Settings of the services, beside `QUIET`.
        replicas: The number of processes by service; default: 1.
        connections: The most connections of the client; 0: no limit.
        timeout_seconds: The client's limit for one request.
    """
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # noqa: ASYNC240 - PostgreSQL may run as another user
        settings = StackSettings(
            data_dir=Path(folder) / "stack",
            replicas=replicas or {},
            service_env={**QUIET, **(environment or {})},
        )
        stack = Stack(settings)
        await asyncio.to_thread(stack.start_all)
        try:
            connector = aiohttp.TCPConnector(
                limit=connections, keepalive_timeout=KEEP_ALIVE_SECONDS
            )
            timeout = aiohttp.ClientTimeout(total=timeout_seconds)
            async with (
                aiohttp.ClientSession(connector=connector, timeout=timeout) as http,
                Outcomes(stack.kafka_bootstrap) as outcomes,
            ):
                yield Site(stack, http, outcomes)
        finally:
            await asyncio.to_thread(stack.stop_all)
