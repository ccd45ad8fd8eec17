"""The real things: a Stripe emulator, PostgreSQL, and what of ours stands on them."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest
from payment_service.executor.leases import PaymentWork
from payment_service.model.authorization import Payment
from payment_service.model.operations import Kind, Operation
from payment_service.model.payment import KnownPayment
from payment_service.model.ports import Lease
from payment_service.settings import PaymentSettings
from payment_service.storage import repository
from payment_service.storage.orm import messaging
from payment_service.stripe_api.gateway import StripeGateway
from saga_messaging import migrations
from saga_messaging.database import Database
from saga_messaging.outbox import Outbox
from saga_messaging.publisher import Publisher
from saga_stripe import stripe_client, stripe_http
from stripe_emulator.testing import running_emulator


class RealWork(PaymentWork):
    """The pending payments in PostgreSQL, and a way to put one there."""

    def __init__(self, database: Database, outbox: Outbox, lease_seconds: float) -> None:
        super().__init__(database, outbox, lease_seconds)
        self.database = database
        self.lease_seconds = lease_seconds

    def put(self, payment: Payment) -> Lease:
        asked = Operation(Kind.AUTHORIZE, payment.command_id, payment.attempt)
        new = KnownPayment(payment.saga_id, payment, is_new=True).begin(asked)
        with self.database.engine.begin() as connection:
            repository.store(connection, [new], {}, self.lease_seconds)
        return Lease(payment, operation=asked)


@pytest.fixture(scope="session")
def _emulator() -> Iterator[str]:
    with running_emulator() as running:
        yield running.url


@pytest.fixture
def emulator(_emulator: str) -> Iterator[httpx.Client]:
    """A Stripe emulator with an empty account; a client of its control API."""
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
def settings(settings_with: Callable[..., PaymentSettings], database_url: str) -> PaymentSettings:
    return settings_with(database_url=database_url)


@pytest.fixture
async def gateway_with(
    settings_with: Callable[..., PaymentSettings],
) -> AsyncIterator[Callable[..., StripeGateway]]:
    """Gateways to the emulator, with settings of their own."""
    used = []

    def make(return_url: str | None = None, **changes: Any) -> StripeGateway:
        settings = settings_with(**changes)
        http = stripe_http(settings)
        used.append(http)
        return StripeGateway(stripe_client(settings, http), settings.stripe_system, return_url)

    yield make
    for http in used:
        await http.close_async()


@pytest.fixture
def stripe_api(emulator: httpx.Client) -> Iterator[httpx.Client]:
    """A client of the emulator with our key, as Stripe's own clients are."""
    address = str(emulator.base_url).removesuffix("_emulator/")
    headers = {"Authorization": "Bearer sk_test_payment"}
    with httpx.Client(base_url=f"{address}v1", headers=headers) as client:
        yield client


@pytest.fixture
def stripe_post(stripe_api: httpx.Client) -> Callable[..., Any]:
    """Posts to the emulator; returns the object."""

    def post(path: str, **parameters: Any) -> Any:
        return stripe_api.post(path, data=parameters).raise_for_status().json()

    return post


@pytest.fixture
def customer(stripe_post: Callable[..., Any]) -> str:
    """The id of a customer at the emulator."""
    return stripe_post("customers")["id"]


@pytest.fixture
def payment_with(customer: str, make_payment: Callable[..., Payment]) -> Callable[..., Payment]:
    """Make a payment of this customer."""
    return lambda **changes: make_payment(**{"stripe_customer_id": customer, **changes})


@pytest.fixture
def database(settings: PaymentSettings) -> Iterator[Database]:
    """The service's own database, migrated and empty."""
    migrations.upgrade("payment_service", settings.database_url)
    database = Database.connect(settings)
    yield database
    database.close()


@pytest.fixture
def outbox(database: Database, settings: PaymentSettings) -> Outbox:
    """The outbox; nothing relays it, so what was sent stands in its table."""
    return Outbox(messaging.outbox, database, Publisher(settings), settings)


@pytest.fixture
def real_work(database: Database, outbox: Outbox) -> Callable[[float], RealWork]:
    return lambda lease_seconds: RealWork(database, outbox, lease_seconds)
