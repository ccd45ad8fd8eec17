import asyncio
import json

import pytest
from saga_messaging.postgres.database import Database
from sqlalchemy import event, text
from user_service.domain import SavedCard, User
from user_service.errors import UsersUnavailable
from user_service.handlers import UserHandlers, reply_to_payment_info_requests
from user_service.repository import SqlTransaction, SqlUsers


async def insert(database, clerk_user_id, customer_id, card):
    statement = text("INSERT INTO users VALUES (:id, :customer, cast(:card AS jsonb))")
    values = {"id": clerk_user_id, "customer": customer_id, "card": card}
    await database.transaction(lambda connection: connection.execute(statement, values))


@pytest.mark.parametrize("customer_id", [None, ""])
async def test_adding_a_user_sets_a_missing_customer(database, sql_transaction, customer_id):
    await insert(database, "user_1", customer_id, None)
    assert await sql_transaction(lambda users: users.get("user_1")) == User("user_1")

    added = await sql_transaction(lambda users: users.add("user_1", "cus_1"))

    assert (added.user.stripe_customer_id, added.created) == ("cus_1", False)


@pytest.mark.parametrize("card", ["{}", "null", "[]", '{"card_type": "visa"}', '"pm_1"', "7"])
async def test_an_invalid_card_column_counts_as_no_card(database, sql_transaction, card):
    await insert(database, "user_1", "cus_1", card)

    assert await sql_transaction(lambda users: users.get("user_1")) == User("user_1", "cus_1")


async def test_a_card_column_needs_only_a_payment_method_id(database, sql_transaction):
    card = json.dumps({"payment_method_id": "pm_1", "exp_month": 12})
    await insert(database, "user_1", "cus_1", card)

    user = await sql_transaction(lambda users: users.get("user_1"))
    assert user.card == SavedCard("pm_1")


async def test_a_user_added_concurrently_is_created_once(sql_transaction):
    results = await asyncio.gather(
        *(sql_transaction(lambda users: users.add("user_1", "cus_1")) for _ in range(8))
    )

    assert {result.user for result in results} == {User("user_1", "cus_1")}
    assert [result.created for result in results].count(True) == 1


async def test_concurrent_registrations_create_one_user(sql_transaction, fake_stripe):
    handlers = UserHandlers(sql_transaction, fake_stripe)

    results = await asyncio.gather(*(handlers.register_user("user_1") for _ in range(8)))

    assert len({result.user for result in results}) == 1
    assert [result.created for result in results].count(True) == 1


async def test_a_change_updates_updated_at_only(database, sql_transaction):
    async def times():
        query = text("SELECT created_at, updated_at FROM users")
        return (await database.transaction(lambda c: c.execute(query).all()))[0]

    await sql_transaction(lambda users: users.add("user_1", "cus_1"))
    before = await times()
    await sql_transaction(lambda users: users.save_card("user_1", SavedCard("pm_1")))
    after = await times()

    assert before.created_at == before.updated_at == after.created_at < after.updated_at


async def test_a_batch_of_requests_is_one_query(database, sql_transaction, request_for):
    await sql_transaction(lambda users: users.add("user_1", "cus_1"))
    requests = [request_for(f"user_{n % 3}") for n in range(200)]
    statements = []

    def answer(connection):
        event.listen(connection, "before_cursor_execute", lambda *args: statements.append(args[2]))
        return reply_to_payment_info_requests(SqlUsers(connection), requests)

    replies = await database.transaction(answer)

    assert len(statements) == 1
    assert replies.keys() == {request.message_id for request in requests}
    assert {replies[request.message_id].payload.code for request in requests} == {
        "user_not_found",
        "payment_method_missing",
    }


async def test_an_unavailable_database_is_raised_within_the_time_limit(settings_with):
    database = Database.connect(settings_with())
    transaction = SqlTransaction(database, give_up_after_seconds=0.1)

    with pytest.raises(UsersUnavailable):
        await transaction(lambda users: users.get("user_1"))
    database.close()
