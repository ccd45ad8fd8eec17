"""PostgreSQL stops and comes back: orders wait for it, none is lost, none is doubled."""

import tempfile
from pathlib import Path

import pytest
from order_saga.orm import metadata
from saga_cli.postgres import EmbeddedPostgres
from sqlalchemy import NullPool, create_engine


@pytest.fixture
def postgres():
    """A server of this test's own, in a folder that the user it runs as can reach."""
    with tempfile.TemporaryDirectory(prefix="orders-") as folder:
        Path(folder).chmod(0o755)
        with EmbeddedPostgres(Path(folder) / "postgres") as server:
            yield server


@pytest.fixture
def orders(postgres, replicas):
    url = postgres.create_database("orders")
    metadata.create_all(create_engine(url, poolclass=NullPool))
    return replicas(database_url=url, place_order_timeout_seconds=0.1)


def assert_try_again(response):
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["retry-after"] == "1"
    assert "host=" not in response.text


async def test_while_the_database_is_away_every_request_is_told_to_come_back(postgres, orders):
    placed = (await orders.place(key="before")).json()
    postgres.stop()

    assert_try_again(await orders.place(key="during"))
    assert_try_again(await orders.http.get(f"/orders/{placed['id']}"))
    assert_try_again(await orders.http.get("/orders"))

    postgres.start()
    assert (await orders.place(key="before")).json() == placed
    assert (await orders.place(key="during")).status_code == 202
    assert len(await orders.rows("SELECT id FROM sagas")) == 2
