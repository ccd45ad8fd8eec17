"""The real ports, on PostgreSQL and the Stripe emulator."""

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from saga_messaging.postgres.database import Database
from saga_stripe import running_stripe, stripe_client, stripe_http
from stripe_emulator.server import EmulatorServer, listen
from user_service.gateway import StripeGateway
from user_service.repository import SqlTransaction
from user_service.settings import UserServiceSettings


@pytest.fixture(scope="session")
def emulator() -> Iterator[str]:
    """The address of a Stripe emulator."""
    listener, server = listen("127.0.0.1", 0), EmulatorServer(log_level="warning")
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def settings_with(emulator: str) -> Callable[..., UserServiceSettings]:
    defaults: dict[str, Any] = {
        "database_url": "postgresql+psycopg2://nobody@127.0.0.1:1/none",
        "stripe_secret_key": "sk_test_user",
        "stripe_api_base": emulator,
        "stripe_retry_max_seconds": 0.01,
    }
    return lambda **changes: UserServiceSettings(**{**defaults, **changes})


@pytest.fixture
async def gateway_with(
    settings_with: Callable[..., UserServiceSettings],
) -> AsyncIterator[Callable[..., StripeGateway]]:
    """Make gateways to the emulator with the given settings."""
    opened = []

    def make(**changes: Any) -> StripeGateway:
        settings = settings_with(**changes)
        opened.append(http := stripe_http(settings))
        return StripeGateway(stripe_client(settings, http), settings)

    yield make
    for http in opened:
        async with running_stripe(http):
            pass


@pytest.fixture
def database_url(make_database_url: Callable[..., str], migrated: Callable[[str], str]) -> str:
    """A migrated database of the test's own."""
    return make_database_url(migrated("user_service"))


@pytest.fixture
def database(
    database_url: str, settings_with: Callable[..., UserServiceSettings]
) -> Iterator[Database]:
    database = Database.connect(settings_with(database_url=database_url))
    yield database
    database.close()


@pytest.fixture
def sql_transaction(database: Database) -> SqlTransaction:
    return SqlTransaction(database, give_up_after_seconds=5)
