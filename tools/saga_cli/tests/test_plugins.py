from importlib.metadata import EntryPoint

import pytest
from saga_cli import plugins
from saga_cli.main import app
from typer import Context
from typer.main import get_command
from typer.testing import CliRunner

runner = CliRunner()


def provide(monkeypatch, *points: EntryPoint) -> None:
    monkeypatch.setattr(plugins, "entry_points", lambda **_: points)


def commands() -> list[str]:
    group = get_command(app)
    return group.list_commands(Context(group))


def hello(name: str) -> None:
    """Greet."""
    print(f"Hello {name}.")  # noqa: T201


def test_the_workspace_has_every_command():
    assert {"up", "demo", "doctor", "orders", "show", "why", "dlq"} <= {*commands()}


def test_a_command_of_another_package_is_listed_and_runs(monkeypatch):
    monkeypatch.setattr(EntryPoint, "load", lambda _: hello)
    provide(monkeypatch, EntryPoint("hello", "elsewhere:hello", plugins.GROUP))

    assert "hello" in runner.invoke(app, ["--help"]).output
    assert runner.invoke(app, ["hello", "Ann"]).output == "Hello Ann.\n"


@pytest.mark.parametrize(
    ("words", "package"),
    [
        (["up", "--fresh"], "saga-stack"),
        (["doctor"], "saga-stack"),
        (["demo", "--keep"], "saga-demo"),
    ],
)
def test_a_command_that_is_not_installed_names_its_package(monkeypatch, words, package):
    provide(monkeypatch)

    result = runner.invoke(app, words)

    assert result.exit_code == 1
    text = " ".join(result.output.split())
    assert f"`saga {words[0]}` is not installed: it is part of the package {package}." in text
    assert f"uv sync --package {package}" in text
    assert words[0] not in commands()


def test_an_unknown_command_is_refused(monkeypatch):
    provide(monkeypatch)

    assert runner.invoke(app, ["fly"]).exit_code == 2
