"""Executors on PostgreSQL against the emulator."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from payment_service.agents import payment_intake
from payment_service.executor.executor import Executor
from payment_service.main import build_executor, build_gateway
from payment_service.model.authorization import Payment
from payment_service.model.ports import Lease
from payment_service.settings import PaymentSettings
from payment_service.storage.orm import messaging, payments
from saga_messaging.database import Database
from saga_messaging.outbox import Outbox
from saga_messaging.publisher import Publisher
from saga_messaging.records import Record
from saga_schemas import Envelope, encode
from saga_schemas.payment import AuthorizePayment
from saga_schemas.settlement import CancelPayment, CapturePayment, RefundPayment
from saga_schemas.topics import PAYMENT_EVENTS
from saga_stripe import stripe_http
from sqlalchemy import ColumnElement, Row, Table, Update, select

PENDING = payments.c.status == "pending"
BUSY = payments.c.operation.is_not(None)


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

    async def at_rest(self) -> None:
        """Return once nothing is under way any more."""

        async def resting() -> bool:
            return not await self.rows(BUSY)

        await self.eventually(resting, 20)

    async def told(self) -> list[Any]:
        """The events in the outbox, the oldest first."""
        sent = sorted(await self.rows(table=messaging.outbox), key=lambda row: row.created_at)
        return [PAYMENT_EVENTS.adapter.validate_json(bytes(row.value)) for row in sent]

    async def types(self) -> list[str]:
        return [event.type for event in await self.told()]

    async def row(self) -> Row[Any]:
        """The only payment."""
        (row,) = await self.rows()
        return row

    async def send(self, executor: Executor, *commands: Envelope) -> None:
        """Let commands arrive in one batch."""
        work = self.work_with(self.settings.executor_lease_seconds)
        intake = payment_intake(work.database, work._outbox, executor, self.settings)
        values = [encode(command) for command in commands]
        await intake.receive(
            [Record("payment_commands", 0, at, b"key", value) for at, value in enumerate(values)]
        )

    async def hold(self, executor: Executor, count: int = 1) -> list[Payment]:
        """Have payments authorized."""
        each = [self.payment() for _ in range(count)]
        await self.send(executor, *map(authorize, each))
        await self.at_rest()
        return each

    def line(self, payment: Payment) -> Any:
        """What Stripe's ledger says of the payment's only PaymentIntent."""
        (intent,) = self.intents_of(payment)
        return intent

    def executed(self, path_end: str) -> Counter[str]:
        """How often Stripe was asked under each key, at paths with this end."""
        logged = self.emulator.get("requests", params={"limit": 1_000}).json()["requests"]
        keys = [each["idempotency_key"] for each in logged if each["path"].endswith(path_end)]
        return Counter(keys)

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


def authorize(payment: Payment, attempt: int = 1, **changes: Any) -> AuthorizePayment:
    return AuthorizePayment.model_validate(
        {
            "correlation_id": payment.saga_id,
            "message_id": uuid4(),
            "payload": {
                "customer": {
                    "clerkUserId": payment.clerk_user_id,
                    "stripeCustomerId": payment.stripe_customer_id,
                    "userStripeCard": {"payment_method_id": payment.payment_method_id},
                },
                "order": {"amount": payment.amount, "description": payment.description},
                "attempt": attempt,
            },
            **changes,
        }
    )


def _command(kind: Any) -> Callable[..., Any]:
    return lambda payment, **payload: kind(
        correlation_id=payment.saga_id, message_id=uuid4(), payload=payload
    )


class Commands:
    """Makes the commands of a saga."""

    authorize = staticmethod(authorize)
    capture = staticmethod(_command(CapturePayment))
    cancel = staticmethod(_command(CancelPayment))
    refund = staticmethod(_command(RefundPayment))


@pytest.fixture
def commands() -> Commands:
    return Commands()


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
