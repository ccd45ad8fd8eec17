"""The whole system behind PgBouncer in transaction mode, with fewer connections than threads."""

from dataclasses import replace

import pytest
from saga_stack.postgres.server import EmbeddedPostgres
from saga_stack.services import SERVICES
from saga_stack.stack import Stack
from sqlalchemy import make_url
from support.databases import rows
from support.invariants import violations_at_rest
from support.orders import post_order, request_action, wait_for_outcome, wait_for_state
from support.pgbouncer import SERVER_CONNECTIONS, running_pgbouncer
from support.stacks import stack_settings
from support.users import register_user

pytestmark = [pytest.mark.stack, pytest.mark.embedded, pytest.mark.slow]

ORDERS = 40


@pytest.fixture
def postgres(stack_folder):
    with EmbeddedPostgres(stack_folder / "postgres") as server:
        for name in SERVICES:
            server.create_database(name)
        yield server


@pytest.fixture
def pooled(stack_folder, postgres):
    """A system whose services, and migrations, reach PostgreSQL through PgBouncer only."""
    urls = {name: make_url(postgres.dsn(name)) for name in SERVICES}
    with running_pgbouncer(stack_folder, postgres.dsn("postgres")) as port:
        pooled = {
            name: url.set(host="127.0.0.1", port=port, query={}).render_as_string()
            for name, url in urls.items()
        }
        quick = {"DATABASE_RETRY_MAX_SECONDS": "0.5", "DATABASE_GIVE_UP_SECONDS": "10"}
        settings = stack_settings(stack_folder, service_env=quick)
        with Stack(replace(settings, database_urls=pooled)) as stack:
            yield stack


def test_orders_behind_a_pooler_are_authorized_and_survive_a_restart_of_postgresql(
    pooled, postgres
):
    user = register_user(pooled, "visa")
    first = [post_order(pooled, user) for _ in range(ORDERS // 2)]
    postgres.kill()
    postgres.start()
    orders = [*first, *(post_order(pooled, user) for _ in range(ORDERS // 2))]
    states = {wait_for_outcome(pooled, order, 60)["state"] for order in orders}
    assert states == {"authorized"}
    assert request_action(pooled, orders[0], "capture").status_code == 202
    assert wait_for_state(pooled, orders[0], "completed")["state"] == "completed"
    assert violations_at_rest(pooled) == []
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'order_saga'"
    assert rows(pooled, "order_saga", sessions)[0]["count"] <= SERVER_CONNECTIONS
