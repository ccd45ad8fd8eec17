"""What is removed from the payment service's tables, when, and what stays."""

from uuid import uuid4

import pytest
from payment_service.storage.orm import metadata
from payment_service.storage.retention import retention_tasks
from sqlalchemy import text

MESSAGES, PERSONAL, ORDERS, PAYMENTS = 46, 181, 551, 596
"""Days after which the default settings remove messages, personal data, runs and payments."""

PAYMENT = text(
    "INSERT INTO payments (saga_id, attempt, command_id, clerk_user_id, stripe_customer_id,"
    " payment_method_id, amount, currency, description, status, attempts, operation)"
    " VALUES (:id, 1, gen_random_uuid(), 'user_1', 'cus_1', 'pm_1', 1299, 'usd', 'Pizza',"
    " :status, 1, :operation)"
)
MESSAGE = text(
    "INSERT INTO inbox (message_id, correlation_id, type, effect, message)"
    " VALUES (gen_random_uuid(), :id, 'authorize_payment', 'begun', '{}')"
)
REPLY = text(
    "INSERT INTO outbox (message_id, correlation_id, type, topic, value, claimed_until, sent_at)"
    " VALUES (gen_random_uuid(), :id, 'payment.authorized', 'payment_events', '', now(), now())"
)


@pytest.fixture
def execute(database):
    def execute(statement, **parameters):
        statement = text(statement) if isinstance(statement, str) else statement
        with database.engine.begin() as connection:
            result = connection.execute(statement, parameters)
            return result.all() if result.returns_rows else []

    return execute


@pytest.fixture
def add(execute):
    """Add a payment with its command and its reply; returns its id."""

    def add(status, operation=None):
        saga_id = uuid4().hex
        execute(PAYMENT, id=saga_id, status=status, operation=operation)
        execute(MESSAGE, id=saga_id)
        execute(REPLY, id=saga_id)
        return saga_id

    return add


@pytest.fixture
def age(execute):
    def age(days):
        for table in metadata.sorted_tables:
            times = [column.name for column in table.c if column.name.endswith(("_at", "created"))]
            passed = ", ".join(f"{name} = {name} - interval '{days} days'" for name in times)
            execute(f"UPDATE {table.name} SET {passed}")

    return age


@pytest.fixture
def remove(database, settings):
    def remove(limit=3):
        changed = {}
        for task in retention_tasks(settings):
            after, count = None, 0
            while True:
                with database.engine.begin() as connection:
                    step = task.step(connection, limit, after)
                count, after = count + step.changed, step.next
                if after is None:
                    break
            changed[task.name] = count
        return changed

    return remove


@pytest.fixture
def count(execute):
    return lambda table: execute(f"SELECT count(*) FROM {table}")[0][0]


def test_messages_of_finished_payments_are_removed(add, age, remove, count):
    for status in ("captured", "canceled", "failed", "expired") * 2:
        add(status)
    age(MESSAGES)

    changed = remove()

    assert (changed["messages_received"], changed["messages_sent"]) == (8, 8)
    assert (count("inbox"), count("outbox"), count("payments")) == (0, 0, 8)


def test_commands_of_a_payment_that_may_still_change_are_remembered(add, age, remove, count):
    add("pending", '{"kind": "authorize"}')
    add("authorized")
    add("captured", '{"kind": "refund"}')
    age(PAYMENTS)

    changed = remove()

    kept = ("messages_received", "personal_data", "payments")
    assert [changed[name] for name in kept] == [0, 0, 0]
    assert count("inbox") == 3


def test_messages_that_are_young_or_were_not_sent_stay(add, age, remove, execute, count):
    add("captured")
    execute("UPDATE outbox SET sent_at = NULL")
    age(MESSAGES - 2)
    assert not any(remove().values())
    age(2)

    assert remove()["messages_sent"] == 0
    assert count("outbox") == 1


def test_messages_that_an_operator_dropped_are_removed(add, age, remove, execute, count):
    add("captured")
    execute("UPDATE outbox SET sent_at = NULL, dropped_at = now(), dropped_note = 'by ann'")
    age(MESSAGES - 2)
    assert remove()["messages_dropped"] == 0
    age(2)

    assert remove()["messages_dropped"] == 1
    assert count("outbox") == 0


def test_personal_data_is_removed_and_the_payment_stays(add, age, remove, execute):
    add("captured")
    age(PERSONAL)

    assert (remove()["personal_data"], remove()["personal_data"]) == (1, 0)

    (row,) = execute("SELECT * FROM payments")
    assert (row.clerk_user_id, row.stripe_customer_id, row.payment_method_id) == (
        "removed", "removed", None,
    )  # fmt: skip
    assert (row.status, row.amount, row.description) == ("captured", 1299, "")


def test_a_payment_is_removed_with_its_refunds_later_than_its_order(
    add, age, remove, execute, count
):
    execute(
        "INSERT INTO refunds (saga_id, refund_id, amount, status) VALUES (:id, 'r', 1, 'refunded')",
        id=add("captured"),
    )
    age(ORDERS)
    assert remove()["payments"] == 0
    age(PAYMENTS - ORDERS)

    assert remove()["payments"] == 1
    assert (count("payments"), count("refunds")) == (0, 0)


def test_a_payment_with_a_refund_in_progress_is_kept(add, age, remove, execute):
    execute(
        "INSERT INTO refunds (saga_id, refund_id, amount, status) VALUES (:id, 'r', 1, 'asked')",
        id=add("captured"),
    )
    age(PAYMENTS)

    assert remove()["payments"] == 0


@pytest.mark.parametrize("status", ["needs_response", "under_review", "a_status_that_is_new"])
def test_a_payment_with_an_open_dispute_is_kept_until_it_ends(add, age, remove, execute, status):
    execute(
        "INSERT INTO disputes (dispute_id, saga_id, amount, reason, status)"
        " VALUES ('dp_1', :id, 1299, 'fraudulent', :status)",
        id=add("captured"), status=status,
    )  # fmt: skip
    age(PAYMENTS)

    changed = remove()
    assert (changed["payments"], changed["messages_received"]) == (0, 0)
    execute("UPDATE disputes SET status = 'won'")

    assert remove()["payments"] == 1
    assert execute("SELECT * FROM disputes") == []


def test_events_and_reconciliations_are_removed_when_they_are_old(age, remove, execute, count):
    execute(
        "INSERT INTO stripe_events (event_id, type, created, effect)"
        " SELECT 'evt_' || n, 'charge.refunded', now(), 'no change' FROM generate_series(1, 7) n"
    )
    execute("INSERT INTO reconciliations (id, by, note) VALUES (gen_random_uuid(), 'ann', '')")
    age(MESSAGES)
    changed = remove()
    assert (changed["stripe_events"], changed["reconciliations"]) == (7, 0)
    age(ORDERS - MESSAGES)

    assert remove()["reconciliations"] == 1
    assert (count("stripe_events"), count("reconciliations")) == (0, 0)


def test_every_table_is_bounded_or_said_to_be_kept(database):
    """A new table needs a task, or a reason to stay."""
    bounded = {
        "inbox", "outbox", "payments", "refunds", "disputes", "stripe_events", "reconciliations",
    }  # fmt: skip
    kept = {
        "stripe_systems": "one row for each history of the database",
        "retention_clock": "one row",
    }
    assert bounded | kept.keys() == {table.name for table in metadata.sorted_tables}
