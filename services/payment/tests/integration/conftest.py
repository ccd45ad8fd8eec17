"""Fixtures for integration tests: the Stripe emulator, PostgreSQL, and our parts on them."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from payment_service.executor.leases import SqlLeaseStore
from payment_service.model.authorization import AuthorizationRequest
from payment_service.model.lease import Lease
from payment_service.model.operations import Operation, OperationKind
from payment_service.model.payment import Payment
from payment_service.model.stripe_system import StripeSystem
from payment_service.settings import PaymentSettings
from payment_service.storage import repository
from payment_service.storage.installation import DATABASE_HISTORY
from payment_service.storage.orm import messaging, stripe_systems
from payment_service.stripe_api.gateway import StripeGateway
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.kafka.publisher import Publisher
from saga_messaging.postgres.database import Database
from saga_stripe import stripe_client, stripe_http
from sqlalchemy import NullPool, create_engine, func, update
from stripe_emulator.testing import running_emulator

FORWARDED = {"Authorization", "Content-Type", "Idempotency-Key"}


async def stripe_system() -> StripeSystem:
    """Return marks as an installation's database has them."""
    known = frozenset({"saga-1"})
    return StripeSystem("saga-1", "saga-1", known, frozenset(), datetime.now(UTC))


@dataclass
class AlteredStripe:
    """A proxy before the emulator that alters responses; by default it changes nothing.

    Attributes:
        item: Changes each object of a list.
        respond: Returns another status and body in place of a response; gets the method, the path,
            and the response's status and JSON.
    """

    target: str
    url: str = ""
    item: Callable[[Any], Any] = lambda item: item
    respond: Callable[[str, str, int, Any], tuple[int, Any]] = lambda *found: found[2:]

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of a service that uses the proxy."""
        return {"stripe_api_base": self.url, "stripe_timeout_seconds": 5.0}

    async def handle(self, request: web.Request) -> web.Response:
        async with httpx.AsyncClient(base_url=self.target) as client:
            headers = {name: request.headers[name] for name in FORWARDED & request.headers.keys()}
            body = await request.read()
            found = await client.request(
                request.method, request.path_qs, content=body, headers=headers
            )
        status, json_body = self.respond(
            request.method, request.path, found.status_code, found.json()
        )
        if isinstance(json_body, dict) and isinstance(json_body.get("data"), list):
            json_body["data"] = [self.item(item) for item in json_body["data"]]
        moved = {"Location": request.path} if 300 <= status < 400 else {}
        return web.json_response(json_body, status=status, headers=moved)


@pytest.fixture
async def altered_stripe(emulator: httpx.Client) -> AsyncIterator[AlteredStripe]:
    """Run a proxy before the emulator."""
    altered = AlteredStripe(str(emulator.base_url).removesuffix("/_emulator/"))
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", altered.handle)
    async with TestServer(app) as running:
        altered.url = str(running.make_url("")).rstrip("/")
        yield altered


class RealLeaseStore(SqlLeaseStore):
    """A lease store in PostgreSQL, with a method to store a leased authorization."""

    def __init__(self, database: Database, outbox: Outbox, lease_seconds: float) -> None:
        super().__init__(database, outbox, lease_seconds)
        self.database = database
        self.lease_seconds = lease_seconds

    def put(self, request: AuthorizationRequest) -> Lease:
        operation = Operation(OperationKind.AUTHORIZE, request.command_id, request.attempt)
        new = Payment(request.saga_id, request, is_new=True).begin(operation)
        with self.database.engine.begin() as connection:
            repository.store(connection, [new], {}, self.lease_seconds)
        return Lease(request, operation=operation)


@pytest.fixture(scope="session")
def _emulator() -> Iterator[str]:
    with running_emulator() as running:
        yield running.url


@pytest.fixture
def emulator(_emulator: str) -> Iterator[httpx.Client]:
    """Reset the Stripe emulator; return a client of its control API."""
    with httpx.Client(base_url=f"{_emulator}/_emulator") as control:
        control.post("reset").raise_for_status()
        yield control


@pytest.fixture
def settings_with(emulator: httpx.Client) -> Callable[..., PaymentSettings]:
    defaults: dict[str, Any] = {
        "database_url": "postgresql+psycopg2://nobody@127.0.0.1:1/none",
        "stripe_secret_key": "sk_test_payment",
        "stripe_api_base": str(emulator.base_url).removesuffix("/_emulator/"),
        "stripe_timeout_seconds": 0.5,
        "stripe_retry_seconds": 2.0,
        "stripe_settle_seconds": 0.3,
        "executor_lease_seconds": 0.6,
        "executor_sweep_seconds": 0.05,
        "executor_pause_seconds": 0.1,
        "executor_pause_max_seconds": 0.2,
    }
    return lambda **changes: PaymentSettings(**{**defaults, **changes})


@pytest.fixture
def database_url(make_database_url: Callable[..., str], migrated: Callable[[str], str]) -> str:
    """Return the URL of a migrated database, which is an installation of its own."""
    url = make_database_url(migrated("payment_service"))
    with create_engine(url, poolclass=NullPool).begin() as connection:
        history, now = connection.scalar(DATABASE_HISTORY), func.clock_timestamp()
        made = {"mark": f"saga-{uuid4()}", "since": now, "seen_at": now, "created_at": now}
        connection.execute(update(stripe_systems).values(database_history=history, **made))
    return url


@pytest.fixture
def settings(settings_with: Callable[..., PaymentSettings], database_url: str) -> PaymentSettings:
    return settings_with(database_url=database_url)


@pytest.fixture
async def gateway_with(
    settings_with: Callable[..., PaymentSettings],
) -> AsyncIterator[Callable[..., StripeGateway]]:
    """Build gateways to the emulator, each with its own settings."""
    used = []

    def make(return_url: str | None = None, **changes: Any) -> StripeGateway:
        settings = settings_with(**changes)
        http = stripe_http(settings)
        used.append(http)
        return StripeGateway(stripe_client(settings, http), stripe_system, return_url)

    yield make
    for http in used:
        await http.close_async()


@pytest.fixture
def stripe_api(emulator: httpx.Client) -> Iterator[httpx.Client]:
    """Return a client of the emulator's Stripe API, with our key."""
    address = str(emulator.base_url).removesuffix("_emulator/")
    headers = {"Authorization": "Bearer sk_test_payment"}
    with httpx.Client(base_url=f"{address}v1", headers=headers) as client:
        yield client


@pytest.fixture
def stripe_post(stripe_api: httpx.Client) -> Callable[..., Any]:
    """Post to the emulator and return the object."""

    def post(path: str, **parameters: Any) -> Any:
        return stripe_api.post(path, data=parameters).raise_for_status().json()

    return post


@pytest.fixture
def customer(stripe_post: Callable[..., Any]) -> str:
    """Create a customer at the emulator; return its id."""
    return stripe_post("customers")["id"]


@pytest.fixture
def request_with(
    customer: str, make_request: Callable[..., AuthorizationRequest]
) -> Callable[..., AuthorizationRequest]:
    """Make an authorization request for the customer."""
    return lambda **changes: make_request(**{"stripe_customer_id": customer, **changes})


@pytest.fixture
def database(settings: PaymentSettings) -> Iterator[Database]:
    """Connect to the service's database, migrated and empty."""
    database = Database.connect(settings)
    yield database
    database.close()


@pytest.fixture
def outbox(database: Database, settings: PaymentSettings) -> Outbox:
    """Build an outbox without a relay, so that published messages stay in its table."""
    return Outbox(messaging.outbox, database, Publisher(settings), settings)


@pytest.fixture
def real_lease_store(database: Database, outbox: Outbox) -> Callable[[float], RealLeaseStore]:
    return lambda lease_seconds: RealLeaseStore(database, outbox, lease_seconds)
