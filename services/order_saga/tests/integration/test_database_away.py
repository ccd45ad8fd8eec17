"""PostgreSQL stops and comes back: orders wait for it, none is lost, none is doubled."""

import asyncio
import tempfile
from pathlib import Path

import pytest
from order_saga.runtime.orm import metadata
from saga_stack.postgres.server import EmbeddedPostgres
from sqlalchemy import NullPool, create_engine


@pytest.fixture
def postgres():
    """A server of this test's own, in a folder that the user it runs as can reach."""
    with tempfile.TemporaryDirectory(prefix="orders-") as folder:
        Path(folder).chmod(0o755)
        with EmbeddedPostgres(Path(folder) / "postgres") as server:
            yield server


@pytest.fixture
def url(postgres):
    url = postgres.create_database("orders")
    metadata.create_all(create_engine(url, poolclass=NullPool))
    return url


def assert_try_again(response):
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["retry-after"] == "1"
    assert "host=" not in response.text


async def test_while_the_database_is_away_every_request_is_told_to_come_back(
    postgres, url, replicas
):
    orders = replicas(database_url=url, database_give_up_seconds=60)
    hasty = replicas(database_url=url, database_give_up_seconds=0.1)
    placed = (await orders.place(key="before")).json()
    postgres.stop()

    assert_try_again(await hasty.place(key="during"))
    assert_try_again(await hasty.http.get(f"/orders/{placed['id']}"))
    assert_try_again(await hasty.http.get("/orders"))

    waits = asyncio.create_task(orders.place(key="during"))
    postgres.start()
    assert (await waits).status_code == 202
    assert (await orders.place(key="before")).json() == placed
    assert len(await orders.rows("SELECT id FROM sagas")) == 2
