"""The orders API and its timers over a real PostgreSQL; Kafka is never reached."""

import math
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from order_saga.api.actions import actions_router
from order_saga.api.orders import orders_router
from order_saga.api.problems import PROBLEMS
from order_saga.create_order.versions import definitions
from order_saga.operators.dead_letters.http import dead_letters_router
from order_saga.operators.dead_letters.problems import PROBLEMS as DEAD_LETTER_PROBLEMS
from order_saga.operators.dead_letters.service import DeadLetterService
from order_saga.operators.explain.http import why_router
from order_saga.operators.pause import controls_router
from order_saga.runtime.admission import Admission
from order_saga.runtime.handlers import react
from order_saga.runtime.orders import Orders
from order_saga.runtime.orm import messaging, metadata
from order_saga.runtime.repository import SqlSagas
from order_saga.runtime.timers import Timers
from order_saga.runtime.transactions import Transactions
from order_saga.settings import OrderSagaSettings
from saga_messaging.delivery.effects import store_effects
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.delivery.outcomes import BatchResult
from saga_messaging.http.problems import install_problems
from saga_messaging.kafka.publisher import Publisher
from saga_messaging.postgres.database import Database
from saga_schemas import Envelope
from sqlalchemy import Connection, NullPool, create_engine, text

ORDER = {"clerk_user_id": "user_1", "amount": 1299, "description": "Food delivery order"}


class Replica:
    """One process's share of the orchestrator, without its Kafka consumers."""

    def __init__(self, settings: OrderSagaSettings, database: Database) -> None:
        self.settings = settings
        self.definitions = definitions(settings.timeouts)
        self.database = database
        self.publisher = Publisher(settings)
        self.outbox = Outbox(messaging.outbox, database, self.publisher, settings)
        transactions = Transactions(database, self.outbox)
        self.available_seconds = math.inf
        self.timers = Timers(
            self.definitions, transactions, settings, lambda: self.available_seconds
        )
        self.admission = Admission(database, settings, lambda: self.available_seconds)
        orders = Orders(self.definitions, transactions, settings, self.admission)
        self.api = FastAPI()
        install_problems(self.api, settings.max_body_bytes, {**PROBLEMS, **DEAD_LETTER_PROBLEMS})
        self.api.include_router(orders_router(orders, database, settings))
        self.api.include_router(actions_router(orders))
        self.api.include_router(controls_router(database, settings))
        self.api.include_router(why_router(self.definitions, database, settings))
        dead_letters = DeadLetterService(database, self.outbox, settings)
        self.api.include_router(dead_letters_router(dead_letters, settings))
        transport = httpx.ASGITransport(self.api, raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://localhost")

    async def place(self, *, key: str | None = None, **changes: Any) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key else {}
        return await self.http.post("/orders", json={**ORDER, **changes}, headers=headers)

    async def request(
        self, order_id: str, verb: str, *, key: str | None = None, **body: Any
    ) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key else {}
        return await self.http.post(f"/orders/{order_id}/{verb}", json=body, headers=headers)

    async def show(self, order_id: str) -> dict[str, Any]:
        return (await self.http.get(f"/orders/{order_id}")).json()

    def handle(self, connection: Connection, messages: Sequence[Envelope]) -> BatchResult:
        """The handler of the intakes."""
        sagas = SqlSagas(connection, self.definitions.by_version)
        return react(self.definitions, sagas, messages)

    async def receive(self, *messages: Envelope) -> None:
        """Take in messages as the intake does: state, inbox and outbox in one transaction."""

        def handle(connection):
            result = self.handle(connection, messages)
            store_effects(connection, messaging.inbox, self.outbox, messages, result.outcomes)

        await self.database.transaction(handle)

    async def sent(self) -> None:
        """As if the relay had sent what is stored, at once."""
        await self.execute(
            "UPDATE outbox SET sent_at = created_at WHERE sent_at IS NULL AND dropped_at IS NULL"
        )

    async def rows(self, query: str) -> list[Any]:
        return await self.database.transaction(lambda c: list(c.execute(text(query)).all()))

    async def execute(self, statement: str) -> None:
        await self.database.transaction(lambda c: c.execute(text(statement)))


@pytest.fixture(scope="session")
def shared_url() -> Iterator[str]:
    """A database that this worker's tests share, one after the other; making one takes long."""
    admin, name = os.environ["TEST_POSTGRES_DSN"], f"orders_{uuid4().hex}"
    server = create_engine(admin, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        yield make_tables(admin.replace("/postgres?", f"/{name}?"))
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def make_tables(url: str) -> str:
    """The service's tables; `test_migrations` shows that a migration makes the same ones."""
    engine = create_engine(url, poolclass=NullPool)
    metadata.create_all(engine)
    return url


@pytest.fixture
def empty_url(shared_url: str) -> str:
    """The shared database, with nothing in its tables; they are not to be altered."""
    engine = create_engine(shared_url, poolclass=NullPool)
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            connection.execute(table.delete())
    return shared_url


@pytest.fixture
def own_url(database_url: str) -> str:
    """A database whose tables may be altered."""
    return make_tables(database_url)


@pytest.fixture
async def replicas() -> AsyncIterator[Callable[..., Replica]]:
    """Start replicas, each with settings and a pool of its own."""
    started: list[Replica] = []

    def start(kind: type[Database] = Database, **changes: Any) -> Replica:
        settings = OrderSagaSettings(**{"database_retry_max_seconds": 0.05, **changes})
        started.append(Replica(settings, kind.connect(settings)))
        return started[-1]

    yield start
    for replica in started:
        await replica.http.aclose()
        replica.database.close()


@pytest.fixture
def replica_with(replicas: Callable[..., Replica], empty_url: str) -> Callable[..., Replica]:
    """Replicas on one empty database."""
    return partial(replicas, database_url=empty_url)


@pytest.fixture
def orders(replica_with: Callable[..., Replica]) -> Replica:
    return replica_with()


@pytest.fixture
def edge(replicas: Callable[..., Replica]) -> Replica:
    """A replica without a database: a valid request is 503."""
    url = "postgresql+psycopg2://nobody@127.0.0.1:1/none"
    return replicas(database_url=url, database_give_up_seconds=0.01)
