"""PostgreSQL stops and restarts: orders wait for it, and each is placed once."""

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


def assert_unavailable(response):
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["retry-after"] == "1"
    assert "host=" not in response.text


async def test_requests_without_a_database_are_503_with_retry_after(postgres, url, replicas):
    orders = replicas(database_url=url, database_give_up_seconds=60)
    hasty = replicas(database_url=url, database_give_up_seconds=0.1)
    placed = (await orders.place(key="before")).json()
    postgres.stop()

    assert_unavailable(await hasty.place(key="during"))
    assert_unavailable(await hasty.http.get(f"/orders/{placed['id']}"))
    assert_unavailable(await hasty.http.get("/orders"))

    waits = asyncio.create_task(orders.place(key="during"))
    postgres.start()
    assert (await waits).status_code == 202
    assert (await orders.place(key="before")).json() == placed
    assert len(await orders.rows("SELECT id FROM sagas")) == 2
