"""Data folders with any characters, and longer than the path of a Unix socket may be."""

import psycopg2
import pytest
from saga_stack.kafka.broker import EmbeddedKafka
from saga_stack.kafka.security import ensure_security
from saga_stack.postgres.server import EmbeddedPostgres

# Longer than the 107 bytes of a socket's path, and with what shells, URLs and Java treat specially.
NAME = "Zoë's 大盛り  two, words # ! = : ; & $HOME %41 \\x " + "l" * 80


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of that name; the locale has no characters but ASCII."""
    monkeypatch.setenv("LC_ALL", "C")
    folder = tmp_path / NAME
    folder.mkdir(mode=0o755)
    for parent in (folder, *folder.parents):
        if tmp_path.parents[1] in parent.parents or parent == tmp_path.parents[1]:
            parent.chmod(0o755)  # PostgreSQL may run as another user
    return folder


@pytest.mark.slow
def test_postgresql_starts_twice_in_any_folder(folder):
    for start in range(2):
        with EmbeddedPostgres(folder / "postgres") as server:
            url = server.create_database("one")
            dsn = url.replace("postgresql+psycopg2", "postgresql")
            connection = psycopg2.connect(dsn)
            with connection, connection.cursor() as cursor:
                cursor.execute("CREATE TABLE IF NOT EXISTS kept (start int)")
                cursor.execute("INSERT INTO kept VALUES (%s)", (start,))
                cursor.execute("SELECT count(*) FROM kept")
                assert cursor.fetchone() == (start + 1,)
            connection.close()


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_secured_kafka_starts_twice_in_any_folder(folder):
    for _ in range(2):
        security = ensure_security(folder / "security", ("user-service",))
        with EmbeddedKafka(folder / "kafka", security=security) as broker:
            assert broker.running
    assert (folder / "kafka" / "log" / "meta.properties").exists()
