import sys

import pytest
from messaging_testing.service import ParticipantSettings
from pydantic_settings import SettingsError
from saga_messaging.process import command
from saga_messaging.process.command import run_service


@pytest.fixture(autouse=True)
def untouched_logs(monkeypatch):
    monkeypatch.setattr(command, "configure_logs", lambda *_: None)


def run(monkeypatch, *arguments: str, serve=lambda _: None) -> None:
    monkeypatch.setattr(sys, "argv", ["service", *arguments])
    run_service("messaging_testing", ParticipantSettings, serve)


def test_a_missing_setting_is_named_without_a_traceback(monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(SystemExit, match=r"messaging_testing: invalid settings:\n  DATABASE_URL: "):
        run(monkeypatch)


def test_a_secret_that_cannot_be_read_is_named_without_a_traceback(monkeypatch):
    def load():
        raise SettingsError("secret file /run/secrets/x") from PermissionError(13, "denied")

    monkeypatch.setattr(sys, "argv", ["service"])
    with pytest.raises(
        SystemExit, match=r"user_service: invalid settings: .*/run/secrets/x: .*denied"
    ):
        run_service("user_service", load, lambda _: None)


def test_incomplete_credentials_are_named_and_the_password_is_not_shown(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg2:///x")
    monkeypatch.setenv("HTTP_PORT", "1")
    monkeypatch.setenv("KAFKA_PASSWORD", "secret")
    with pytest.raises(SystemExit, match="set both KAFKA_USERNAME and KAFKA_PASSWORD") as caught:
        run(monkeypatch)
    assert "secret" not in str(caught.value)


def test_without_a_command_the_service_runs(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg2:///x")
    monkeypatch.setenv("HTTP_PORT", "1")
    served = []
    run(monkeypatch, serve=served.append)
    assert served[0].http_port == 1


def test_an_unknown_command_is_rejected(monkeypatch, capsys):
    with pytest.raises(SystemExit):
        run(monkeypatch, "dance")
    assert "dance" in capsys.readouterr().err
