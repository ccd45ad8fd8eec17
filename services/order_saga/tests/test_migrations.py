import json
from uuid import uuid4

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from order_saga.runtime.orm import metadata
from order_saga.runtime.repository import SqlSagas
from saga_messaging.postgres import migrations
from saga_messaging.postgres.migration_history import is_of_a_service
from saga_testing.versions import VERSIONS
from sqlalchemy import Connection, create_engine, text


def test_the_migrations_make_the_tables_that_the_code_declares(database_url):
    migrations.upgrade("order_saga", database_url)
    engine = create_engine(database_url)
    with engine.connect() as connection:
        assert migrations.missing("order_saga", connection) is None
        context = MigrationContext.configure(connection, opts={"include_name": is_of_a_service})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_migrating_again_changes_nothing(database_url):
    migrations.upgrade("order_saga", database_url)
    migrations.upgrade("order_saga", database_url)


def add(connection: Connection, saga_id: str, state: str, refunded: int) -> None:
    columns = "id, state, refunded, captured, definition_version, attempt, clerk_user_id, amount,"
    columns += " currency, description, line_items, overdue, request_digest"
    values = ":id, :state, :refunded, 1299, 2, 1, 'user_1', 1299, 'usd', '', '[]', false, ''"
    connection.execute(
        text(f"INSERT INTO sagas ({columns}) VALUES ({values})"),
        {"id": saga_id, "state": state, "refunded": refunded},
    )


def add_refund(connection: Connection, saga_id: str, refund: str, amount: int, effect: str) -> None:
    message = {"payload": {"stripe_refund_id": refund, "amount": amount}}
    connection.execute(
        text(
            "INSERT INTO inbox (message_id, correlation_id, type, effect, message)"
            " VALUES (:message_id, :saga_id, 'payment.refunded', :effect, :message)"
        ),
        {
            "message_id": uuid4(),
            "saga_id": saga_id,
            "effect": effect,
            "message": json.dumps(message),
        },
    )


def test_refunds_that_were_told_before_each_was_remembered_are_found_and_no_sum_is_lost(
    database_url,
):
    engine, config = create_engine(database_url), migrations._config("order_saga")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        add(connection, "counted", "completed", 300)
        add_refund(connection, "counted", "re_1", 300, "-> completed")
        add_refund(connection, "counted", "re_1", 300, "ignored: it answers attempt 1")
        add(connection, "lagging", "completed", 0)
        add_refund(connection, "lagging", "re_2", 200, "ignored: it answers a command")
        add(connection, "unreported", "completed", 500)
        add(connection, "resolved", "refunded", 1299)
        add(connection, "paid", "completed", 0)

    migrations.upgrade("order_saga", database_url)

    with engine.begin() as connection:
        sagas = SqlSagas(connection, VERSIONS).lock(
            ["counted", "lagging", "unreported", "resolved", "paid"]
        )
        shown = dict(connection.execute(text("SELECT id, refunded FROM sagas")).all())
    engine.dispose()
    assert {saga.id: saga.refunds for saga in sagas.values()} == {
        "counted": {"re_1": 300},
        "lagging": {"re_2": 200},
        "unreported": {"untold": 500},
        "resolved": {},
        "paid": {},
    }
    assert shown == {saga.id: saga.refunded for saga in sagas.values()}
    assert (shown["lagging"], shown["resolved"]) == (200, 1299)
