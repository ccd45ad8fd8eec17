"""What a query reads does not grow with the number of finished orders."""

import pytest
from order_saga.api import queries
from order_saga.create_order.state import State
from order_saga.runtime import load
from sqlalchemy import event

pytestmark = pytest.mark.stack

FINISHED = 20_000
READ_AT_MOST = 500
"""Rows that a query may read, for its page of `LIMIT` orders and its stuck ones."""
LIMIT = 50


@pytest.fixture
async def finished(orders):
    """An order in each kind of trouble, and many that are finished, older and newer than these."""
    ids = [(await orders.place()).json()["id"] for _ in range(5)]
    for statement in (
        "CREATE TABLE template AS SELECT * FROM sagas LIMIT 1",
        f"UPDATE sagas SET parked = 'canceling', state = 'needs_attention' WHERE id = '{ids[0]}'",
        f"UPDATE sagas SET overdue = true WHERE id = '{ids[1]}'",
        f"UPDATE sagas SET deadline_at = now() - interval '1 hour' WHERE id = '{ids[2]}'",
        "UPDATE template SET state = 'completed', deadline_at = NULL, idempotency_key = NULL",
        f"""
        INSERT INTO sagas SELECT (jsonb_populate_record(template, jsonb_build_object(
            'id', 'finished ' || n, 'clerk_user_id', 'user ' || n % 100,
            'created_at', now() + (n - {FINISHED // 2}) * interval '1 second'
        ))).* FROM template, generate_series(1, {FINISHED}) AS n
        """,
        "DROP TABLE template",
        "ANALYZE",
    ):
        await orders.execute(statement)
    return ids


def rows_read(plan: dict) -> int:
    """Return the rows that the scans of a plan read, also those that a filter removed."""
    below = sum(rows_read(each) for each in plan.get("Plans", ()))
    if "Relation Name" not in plan:
        return below
    removed = plan.get("Rows Removed by Filter", 0)
    return below + (plan["Actual Rows"] + removed) * plan["Actual Loops"]


@pytest.fixture
def read_by(orders):
    """Run a query, and return its result and the most rows that one of its statements read."""

    async def read_by(query):
        def work(connection):
            statements = []

            def note(_, cursor, statement, parameters, *__):
                statements.append(cursor.mogrify(statement, parameters).decode())

            event.listen(connection, "before_cursor_execute", note)
            result = query(connection)
            event.remove(connection, "before_cursor_execute", note)
            return result, max(map(rows_read, (explain(connection, each) for each in statements)))

        return await orders.database.transaction(work)

    return read_by


def explain(connection, statement: str) -> dict:
    with connection.connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
        ((found,),) = cursor.fetchall()
    return found[0]["Plan"]


NO_FILTER = {"state": None, "clerk_user_id": None, "overdue": None, "stuck": None, "cursor": None}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, LIMIT),
        *[({"state": state}, LIMIT if state == State.COMPLETED else None) for state in State],
        ({"clerk_user_id": "user 7"}, LIMIT),
        ({"clerk_user_id": "nobody"}, 0),
        ({"clerk_user_id": "user 7", "state": State.REJECTED}, 0),
        ({"overdue": True}, 1),
        ({"overdue": False}, LIMIT),
        ({"stuck": True}, 3),
        ({"stuck": False}, LIMIT),
    ],
    ids=str,
)
async def test_a_list_reads_what_it_shows(finished, read_by, filters, expected):
    page, read = await read_by(
        lambda connection: queries.list_orders(connection, **{**NO_FILTER, **filters}, limit=LIMIT)
    )

    assert expected is None or len(page.orders) == expected
    assert read <= READ_AT_MOST


async def test_a_later_page_reads_what_it_shows(finished, read_by):
    for filters in ({}, {"state": State.COMPLETED}, {"clerk_user_id": "user 7"}):
        page, read = await read_by(
            lambda connection, chosen=filters: queries.list_orders(
                connection, **{**NO_FILTER, **chosen, "cursor": "finished 9007"}, limit=LIMIT
            )
        )
        assert len(page.orders) == LIMIT
        assert read <= READ_AT_MOST


async def test_the_sweeps_read_what_is_open(finished, read_by):
    _, read = await read_by(load.count_waiting)
    assert read <= READ_AT_MOST
