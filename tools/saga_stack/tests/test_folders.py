"""Data folders with any characters, and longer than the path of a Unix socket may be."""

import psycopg2
import pytest
from saga_cli.main import app
from saga_stack.commands.checks import disk
from saga_stack.kafka.broker import EmbeddedKafka
from saga_stack.kafka.security import ensure_security
from saga_stack.postgres.server import EmbeddedPostgres
from typer.testing import CliRunner

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


@pytest.mark.parametrize(
    "name", ["file/data", "loop", "loop/data", "dangling", "long" * 100, "/proc", "/proc/data",
             "holds a file"],
)  # fmt: skip
@pytest.mark.parametrize("command", ["up", "demo"])
def test_a_data_folder_that_cannot_be_used_is_named(tmp_path, monkeypatch, command, name):
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to(tmp_path / "file" / "nothing")
    (tmp_path / "holds a file").mkdir()
    (tmp_path / "holds a file" / "postgres").touch()
    monkeypatch.delenv("STRIPE_SECRET_KEY", raising=False)

    result = CliRunner().invoke(app, [command, "--data-dir", str(tmp_path / name)])

    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    text = "".join(result.output.split())  # long lines are wrapped
    assert text.startswith(f"Error:--data-dir{tmp_path / name}cannotbeused:".replace(" ", ""))
    assert "Chooseanotherfolderwith--data-dir" in text


@pytest.mark.parametrize("name", ["loop", "long" * 100])
def test_the_doctor_reports_on_any_folder(tmp_path, name):
    (tmp_path / "loop").symlink_to("loop")

    assert disk(tmp_path / name / "data").detail
