"""Executors on PostgreSQL against the emulator."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from payment_service.domain import Payment
from payment_service.executor import Executor
from payment_service.main import build_executor, build_gateway
from payment_service.orm import messaging, payments
from payment_service.ports import Lease
from payment_service.settings import PaymentSettings
from saga_messaging.database import Database
from saga_messaging.outbox import Outbox
from saga_messaging.publisher import Publisher
from saga_stripe import stripe_http
from sqlalchemy import ColumnElement, Row, Table, Update, select

PENDING = payments.c.status == "pending"


@dataclass
class World:
    """Payments that are to be held, executors, and Stripe to look into and to disturb."""

    settings: PaymentSettings
    database: Database
    emulator: httpx.Client
    work_with: Callable[[float], Any]
    payment: Callable[..., Payment]
    eventually: Callable[..., Awaitable[Any]]

    def store(self, *each: Payment, lease_seconds: float = 0.05) -> list[Lease]:
        """Store payments as an executor leaves them that died: their lease is nearly over."""
        work = self.work_with(lease_seconds)
        return [work.put(payment) for payment in each]

    @asynccontextmanager
    async def executors(self, count: int = 1, **changes: Any) -> AsyncIterator[list[Any]]:
        """Run executors, each with its task, as in processes of their own."""
        async with AsyncExitStack() as stack:
            yield [await stack.enter_async_context(self._one(**changes)) for _ in range(count)]

    @asynccontextmanager
    async def _one(self, **changes: Any) -> AsyncIterator[tuple[Executor, asyncio.Task[None]]]:
        settings = self.settings.model_copy(update=changes)
        database, http = Database.connect(settings), stripe_http(settings)
        outbox = Outbox(messaging.outbox, database, Publisher(settings), settings)
        executor = build_executor(settings, database, outbox, build_gateway(settings, http))
        task = asyncio.create_task(executor.run())
        yield executor, task
        executor.stop()
        await asyncio.wait([task])
        await http.close_async()
        database.close()

    async def rows(
        self, *conditions: ColumnElement[bool], table: Table = payments
    ) -> list[Row[Any]]:
        query = select(table).where(*conditions)
        return await self.database.transaction(
            lambda connection: list(connection.execute(query).all())
        )

    async def change(self, statement: Update) -> None:
        await self.database.transaction(lambda connection: connection.execute(statement))

    async def all_decided(self) -> None:
        async def decided() -> bool:
            return not await self.rows(PENDING)

        await self.eventually(decided, 20)

    def arm(self, kind: str, endpoint: str = "POST /v1/payment_intents", **options: Any) -> None:
        fault = {"kind": kind, "endpoint": endpoint, **options}
        self.emulator.post("faults", json=fault).raise_for_status()

    def disarm(self) -> None:
        self.emulator.delete("faults").raise_for_status()

    def intents_of(self, payment: Payment) -> list[Any]:
        intents = self.emulator.get("ledger").json()["payment_intents"]
        return [each for each in intents if each["metadata"].get("saga_id") == payment.saga_id]

    def bodies(self) -> list[Any]:
        """Of each idempotency key that Stripe was ever sent, the different bodies it came with."""
        return [key["digests"] for key in self.emulator.get("ledger").json()["idempotency_keys"]]

    def requests(self) -> list[Any]:
        """The requests for PaymentIntents."""
        logged = self.emulator.get("requests").json()["requests"]
        path = "/v1/payment_intents"
        return [each for each in logged if (each["method"], each["path"]) == ("POST", path)]


@pytest.fixture
def world(request: pytest.FixtureRequest, customer: str) -> World:
    find = request.getfixturevalue
    make_payment = find("make_payment")
    return World(
        settings=find("settings"),
        database=find("database"),
        emulator=find("emulator"),
        work_with=find("real_work"),
        payment=lambda **changes: make_payment(**{"stripe_customer_id": customer, **changes}),
        eventually=find("eventually"),
    )
