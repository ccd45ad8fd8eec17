"""Running executors on PostgreSQL and the emulator."""

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
from payment_service.main import (
    build_executor,
    build_gateway,
    build_installation,
    build_reconciler,
    run_confirmed,
)
from payment_service.model.authorization import AuthorizationRequest
from payment_service.model.lease import Lease
from payment_service.reconciliation.reconciler import Reconciler
from payment_service.settings import PaymentSettings
from payment_service.storage.orm import messaging, payments
from payment_service.storage.refresh import Refresher
from payment_service.stripe_api.disputes import DisputeReader
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.kafka.publisher import Publisher
from saga_messaging.kafka.records import Record
from saga_messaging.postgres.database import Database
from saga_schemas import Envelope, encode
from saga_schemas.payment import AuthorizePayment
from saga_schemas.payment_lifecycle import CancelPayment, CapturePayment, RefundPayment
from saga_schemas.topics import PAYMENT_EVENTS
from saga_stripe import running_stripe, stripe_client, stripe_http
from sqlalchemy import ColumnElement, Row, Table, Update, select

PENDING = payments.c.status == "pending"
BUSY = payments.c.operation.is_not(None)


@dataclass
class World:
    """Authorization requests, executors, and an emulator to inspect and to inject faults into."""

    settings: PaymentSettings
    database: Database
    emulator: httpx.Client
    lease_store_with: Callable[[float], Any]
    request: Callable[..., AuthorizationRequest]
    eventually: Callable[..., Awaitable[Any]]

    def store(self, *requests: AuthorizationRequest, lease_seconds: float = 0.05) -> list[Lease]:
        """Store payments as a crashed executor leaves them: their lease expires soon."""
        lease_store = self.lease_store_with(lease_seconds)
        return [lease_store.put(request) for request in requests]

    @asynccontextmanager
    async def executors(self, count: int = 1, **changes: Any) -> AsyncIterator[list[Any]]:
        """Run executors, each with its task, as in separate processes."""
        async with AsyncExitStack() as stack:
            yield [await stack.enter_async_context(self._one(**changes)) for _ in range(count)]

    @asynccontextmanager
    async def _one(self, **changes: Any) -> AsyncIterator[tuple[Executor, asyncio.Task[None]]]:
        settings = self.settings.model_copy(update=changes)
        database, http = Database.connect(settings), stripe_http(settings)
        outbox = Outbox(messaging.outbox, database, Publisher(settings), settings)
        installation = build_installation(settings, database)
        gateway = build_gateway(settings, http, installation)
        executor = build_executor(settings, database, outbox, gateway)
        task = asyncio.create_task(run_confirmed(executor.run, installation))
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

    async def none_pending(self) -> None:
        async def done() -> bool:
            return not await self.rows(PENDING)

        await self.eventually(done)

    async def idle(self) -> None:
        """Return once no operation is in progress."""

        async def done() -> bool:
            return not await self.rows(BUSY)

        await self.eventually(done)

    async def events(self) -> list[Any]:
        """Return the events in the outbox, the oldest first."""
        sent = [row for row in await self.outbox() if row.type != "dead-letter"]
        return [PAYMENT_EVENTS.adapter.validate_json(bytes(row.value)) for row in sent]

    async def outbox(self) -> list[Row[Any]]:
        """Return the rows of the outbox, the oldest first."""
        return sorted(await self.rows(table=messaging.outbox), key=lambda row: row.created_at)

    async def types(self) -> list[str]:
        return [event.type for event in await self.events()]

    async def row(self) -> Row[Any]:
        """Return the only payment."""
        (row,) = await self.rows()
        return row

    async def send(self, executor: Executor, *commands: Envelope) -> None:
        """Deliver commands in one batch."""
        store = self.lease_store_with(self.settings.executor_lease_seconds)
        intake = payment_intake(store.database, store._outbox, executor, self.settings)
        values = [encode(command) for command in commands]
        await intake.receive(
            [Record("payment_commands", 0, at, b"key", value) for at, value in enumerate(values)]
        )

    async def hold(self, executor: Executor, count: int = 1) -> list[AuthorizationRequest]:
        """Authorize payments."""
        requests = [self.request() for _ in range(count)]
        await self.send(executor, *map(authorize, requests))
        await self.idle()
        return requests

    def intent_of(self, request: AuthorizationRequest) -> Any:
        """Return the request's only PaymentIntent in the emulator's ledger."""
        (intent,) = self.intents_of(request)
        return intent

    def executed(self, path_end: str) -> Counter[str]:
        """Count the requests under each key to paths with this suffix."""
        logged = self.emulator.get("requests", params={"limit": 1_000}).json()["requests"]
        keys = [entry["idempotency_key"] for entry in logged if entry["path"].endswith(path_end)]
        return Counter(keys)

    def arm(self, kind: str, endpoint: str = "POST /v1/payment_intents", **options: Any) -> None:
        fault = {"kind": kind, "endpoint": endpoint, **options}
        self.emulator.post("faults", json=fault).raise_for_status()

    def disarm(self) -> None:
        self.emulator.delete("faults").raise_for_status()

    def intents_of(self, request: AuthorizationRequest) -> list[Any]:
        intents = self.emulator.get("ledger").json()["payment_intents"]
        return [
            intent for intent in intents if intent["metadata"].get("saga_id") == request.saga_id
        ]

    def bodies(self) -> list[Any]:
        """Return the distinct bodies sent with each idempotency key."""
        return [key["digests"] for key in self.emulator.get("ledger").json()["idempotency_keys"]]

    def requests(self) -> list[Any]:
        """Return the requests that create PaymentIntents."""
        logged = self.emulator.get("requests").json()["requests"]
        path = "/v1/payment_intents"
        return [entry for entry in logged if (entry["method"], entry["path"]) == ("POST", path)]


def authorize(request: AuthorizationRequest, attempt: int = 1, **changes: Any) -> AuthorizePayment:
    return AuthorizePayment.model_validate(
        {
            "correlation_id": request.saga_id,
            "message_id": uuid4(),
            "payload": {
                "customer": {
                    "clerkUserId": request.clerk_user_id,
                    "stripeCustomerId": request.stripe_customer_id,
                    "userStripeCard": {"payment_method_id": request.payment_method_id},
                },
                "order": {"amount": request.amount, "description": request.description},
                "attempt": attempt,
            },
            **changes,
        }
    )


def _command(kind: Any) -> Callable[..., Any]:
    return lambda request, **payload: kind(
        correlation_id=request.saga_id, message_id=uuid4(), payload=payload
    )


class Commands:
    """Commands of a saga."""

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
    make_request = find("make_request")
    return World(
        settings=find("settings"),
        database=find("database"),
        emulator=find("emulator"),
        lease_store_with=find("real_lease_store"),
        request=lambda **changes: make_request(**{"stripe_customer_id": customer, **changes}),
        eventually=find("eventually"),
    )


@pytest.fixture
async def reconciler_of(world: Any) -> AsyncIterator[Callable[..., Reconciler]]:
    """Build reconcilers of an executor, on the world's database or another one."""
    async with AsyncExitStack() as stack:
        clients = []

        def reconciler_of(
            executor: Executor, database: Database | None = None, **changes: Any
        ) -> Reconciler:
            quick = {"reconcile_safety_seconds": 0.001, **changes}
            settings = world.settings.model_copy(update=quick)
            database = database or world.database
            clients.append(http := stripe_http(settings))
            installation = build_installation(settings, database)
            gateway = build_gateway(settings, http, installation)
            refresher = Refresher(executor.offer, settings.executor_lease_seconds)
            outbox = Outbox(messaging.outbox, database, Publisher(settings), settings)
            return build_reconciler(
                settings,
                database,
                gateway,
                refresher=refresher,
                installation=installation,
                outbox=outbox,
                disputes=DisputeReader(stripe_client(settings, http)),
            )

        yield reconciler_of
        for http in clients:
            await stack.enter_async_context(running_stripe(http))
