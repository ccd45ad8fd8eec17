"""The database and the Stripe of the peers, and what became of their orders."""

import asyncio
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import aiohttp
import psycopg2
from saga_stack.postgres.server import EmbeddedPostgres
from saga_stack.settings import StackSettings
from saga_stack.stack import Stack

from bench.load.orders import USERS, is_declined
from bench.load.site import read_payment_intents
from bench.measuring.verdict import Verdict, judge

SCHEMA: Final = """
CREATE TABLE users (
    user_id text PRIMARY KEY, customer_id text NOT NULL, payment_method_id text NOT NULL
);
CREATE TABLE payments (
    order_id text PRIMARY KEY, amount int NOT NULL, status text NOT NULL, payment_intent_id text,
    created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz
);
CREATE TABLE orders (
    order_id text PRIMARY KEY, user_id text NOT NULL, amount int NOT NULL, status text NOT NULL,
    submitted_at double precision NOT NULL, ended_at timestamptz NOT NULL
);
"""
KEY: Final = {"Authorization": "Bearer sk_test_peers"}
DATABASES: Final = ("shop", "dbos")


@dataclass(frozen=True)
class EndedOrder:
    """An order that ended; times in seconds since 1970."""

    order_id: str
    status: str
    submitted_at: float
    ended_at: float


class Shop:
    """PostgreSQL with fsync, and the Stripe emulator: the same servers as in the local stack.

    As an asynchronous context manager it is ready inside the block, with users and their cards.
    """

    def __init__(self, folder: Path, http: aiohttp.ClientSession) -> None:
        self._http = http
        self._postgres = EmbeddedPostgres(folder / "postgres")
        # Without services, the stack has the emulator only.
        settings = StackSettings(data_dir=folder / "stripe", services=(), kafka_bootstrap="unused")
        self._stripe = Stack(settings)
        self._exit = ExitStack()

    async def __aenter__(self) -> Self:
        with ExitStack() as starting:
            await asyncio.to_thread(starting.enter_context, self._postgres)
            await asyncio.to_thread(starting.enter_context, self._stripe)
            for name in DATABASES:
                await asyncio.to_thread(self._postgres.create_database, name)
            self.execute(SCHEMA)
            for number in range(USERS):
                await self._add_user(number)
            self._exit = starting.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self._exit.close)

    @property
    def stripe_url(self) -> str:
        """The base address of the Stripe emulator."""
        return self._stripe.emulator_url

    def url(self, database: str, scheme: str = "postgresql") -> str:
        """Return the URL of a database."""
        return self._postgres.dsn(database).replace("postgresql+psycopg2", scheme)

    def processes(self) -> dict[str, list[int]]:
        """Return the process ids of the servers."""
        return {"postgres": [self._postgres.child.pid], "emulator": [self._stripe.pid("emulator")]}

    def execute(self, statement: str, *values: str) -> list[tuple[Any, ...]]:
        """Execute a statement in a transaction; return its rows, if it has any."""
        with (
            closing(psycopg2.connect(self.url("shop"))) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def ended_orders(self, prefix: str) -> list[EndedOrder]:
        """Return the orders of a run, by the prefix of their ids."""
        rows = self.execute(
            "SELECT order_id, status, submitted_at, extract(epoch FROM ended_at)::float "
            "FROM orders WHERE starts_with(order_id, %s)",
            f"{prefix}-",
        )
        return [EndedOrder(*row) for row in rows]

    async def judge(self, orders: list[str], ended: list[EndedOrder]) -> Verdict:
        """Compare the orders of a run with what ended, and with the PaymentIntents."""
        intents = await read_payment_intents(self._http, self.stripe_url, "order_id")
        types = {order.order_id: [order.status] for order in ended}
        return judge(orders, types, intents, "rejected")

    async def _add_user(self, number: int) -> None:
        customer = await self._stripe_post("/v1/customers", {"name": f"user_{number}"})
        card = "pm_card_visa_chargeDeclined"
        if not is_declined(number):
            path = "/v1/payment_methods/pm_card_visa/attach"
            card = (await self._stripe_post(path, {"customer": customer["id"]}))["id"]
        user = f"user_{number}", customer["id"], card
        self.execute("INSERT INTO users VALUES (%s, %s, %s)", *user)

    async def _stripe_post(self, path: str, form: dict[str, str]) -> dict[str, Any]:
        async with self._http.post(self.stripe_url + path, data=form, headers=KEY) as response:
            response.raise_for_status()
            return await response.json()
