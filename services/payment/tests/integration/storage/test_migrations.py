import json
from uuid import uuid4

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from payment_service.executor.leases import SqlLeaseStore
from payment_service.model.authorization import Authorized
from payment_service.model.operations import Operation, OperationKind
from payment_service.model.payment import PaymentStatus
from payment_service.storage.installation import Installation
from payment_service.storage.orm import messaging, metadata, stripe_systems
from payment_service.storage.repository import lock
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.kafka.publisher import Publisher
from saga_messaging.postgres import migrations
from saga_messaging.postgres.database import Database
from saga_messaging.postgres.migration_history import is_of_a_service
from sqlalchemy import create_engine, select, text

FAILURE = {"code": "card_declined", "message": "No."}
BEFORE = [
    ("saga-pending", "pending", None, None),
    ("saga-authorized", "authorized", "pi_1", None),
    ("saga-failed", "failed", None, FAILURE),
]
INSERT = text(
    "INSERT INTO payments (saga_id, attempt, command_id, clerk_user_id, stripe_customer_id,"
    " amount, currency, description, status, payment_intent_id, failure, attempts, next_try_at)"
    " VALUES (:saga_id, 1, :command_id, 'user_1', 'cus_1', 1299, 'usd', '', :status, :intent,"
    " :failure, 1, CASE :status WHEN 'pending' THEN now() END)"
)


@pytest.fixture
def database_url(make_database_url):
    """Return the URL of a new database without any table."""
    return make_database_url()


@pytest.fixture
def database(settings):
    """Migrate the database, and connect to it."""
    migrations.upgrade("payment_service", settings.database_url)
    database = Database.connect(settings)
    yield database
    database.close()


def test_the_migrations_match_the_declared_tables(database):
    with database.engine.connect() as connection:
        opts = {"compare_server_default": True, "include_name": is_of_a_service}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, metadata) == []


def test_a_migrated_database_misses_no_migration(database):
    with database.engine.connect() as connection:
        assert migrations.missing("payment_service", connection) is None


async def test_a_new_installation_has_one_mark_and_keeps_it(database, settings):
    installation = Installation(database, None, check_seconds=60, gap_seconds=900)
    with database.engine.connect() as connection:
        (mark,) = connection.scalars(select(stripe_systems.c.mark)).all()

    confirmed = await installation.confirm()
    migrations.upgrade("payment_service", settings.database_url)

    assert (confirmed.mark, confirmed.installation) == (mark, mark)
    assert (await installation.confirm()).known == {mark}


def stored_by_the_first_version(database_url):
    engine = create_engine(database_url)
    config, commands = migrations._config("payment_service"), {}
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for saga_id, status, intent, failure in BEFORE:
            commands[saga_id] = uuid4()
            connection.execute(
                INSERT,
                {
                    "saga_id": saga_id,
                    "command_id": commands[saga_id],
                    "status": status,
                    "intent": intent,
                    "failure": failure and json.dumps(failure),
                },
            )
    engine.dispose()
    return commands


async def test_payments_of_the_first_version_continue(settings):
    commands = stored_by_the_first_version(settings.database_url)
    migrations.upgrade("payment_service", settings.database_url)
    database = Database.connect(settings)

    with database.engine.begin() as connection:
        stored = lock(connection, commands)
        marks = connection.scalars(select(stripe_systems.c.origin)).all()
    outbox = Outbox(messaging.outbox, database, Publisher(settings), settings)
    (lease,) = await SqlLeaseStore(database, outbox, 30).take(10)
    database.close()

    assert sorted(marks) == ["default", "installation"]
    authorize = Operation(OperationKind.AUTHORIZE, commands["saga-pending"], 1)
    assert (stored["saga-pending"].status, stored["saga-pending"].operation) == (
        "pending",
        authorize,
    )
    assert (lease.request.saga_id, lease.operation, lease.age_seconds >= 0) == (
        "saga-pending", authorize, True,
    )  # fmt: skip
    held, failed = stored["saga-authorized"], stored["saga-failed"]
    assert held == stored["saga-authorized"].with_authorization(Authorized("pi_1"))
    assert (held.status, held.operation, held.released) == (PaymentStatus.AUTHORIZED, None, 0)
    assert (failed.status, failed.failure.code) == (PaymentStatus.FAILED, "card_declined")
