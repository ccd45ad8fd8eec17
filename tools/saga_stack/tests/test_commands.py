import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from rich.console import Console
from saga_cli.main import app
from saga_cli.running_stack import RunningStack, read_running_stack
from saga_stack.commands import checks
from saga_stack.commands.checks import Finding
from saga_stack.commands.log_tail import LogTail
from saga_stack.commands.session import remove_data
from saga_stack.processes.child import Child
from saga_stack.processes.ports import reserve_free_port
from typer.testing import CliRunner

HERE = Path(__file__).parent
runner = CliRunner()

# `saga up` with fake services, and no other component to start.
UP = """
from dataclasses import replace
from saga_stack.services import SERVICES
for name in SERVICES:
    SERVICES[name] = replace(SERVICES[name], module="fake_service")
from saga_cli.main import app
app()
"""


def up(folder: Path, cwd: Path | None = None, **environment: str) -> subprocess.Popen[str]:
    ports = ("--orders-port", "--users-port", "--payments-port", "--emulator-port", "--kafka-port")
    options = [word for port in ports for word in (port, "0")]
    return subprocess.Popen(
        [sys.executable, "-P", "-c", UP, "up", "--data-dir", str(folder), *options],
        env={
            **os.environ,
            "PYTHONPATH": str(HERE),
            "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
            "STRIPE_API_BASE": "http://127.0.0.1:1",
            **{f"{name}_DATABASE_URL": "elsewhere" for name in ("USER", "ORDER_SAGA", "PAYMENT")},
            **environment,
        },
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def read_until(process: subprocess.Popen[str], text: str) -> str:
    output = ""
    for line in process.stdout:
        output += line
        if text in line:
            return output
    raise AssertionError(output)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_up_ends_cleanly_on_a_signal(tmp_path, end):
    with up(tmp_path) as process:
        read_until(process, "Ready. Ctrl-C")
        stack = read_running_stack(tmp_path)
        process.send_signal(end)
        assert process.wait(30) == 0, process.stdout.read()
        process.stdout.close()
    assert read_running_stack(tmp_path) is None
    for url in stack.urls.values():
        with pytest.raises(httpx.ConnectError):
            httpx.get(url)


def test_up_fails_if_a_service_dies(tmp_path):
    with up(tmp_path) as process:
        read_until(process, "Ready. Ctrl-C")
        stack = read_running_stack(tmp_path)
        service = httpx.get(stack.urls["payment"] + "/pid").headers["X-Pid"]
        os.kill(int(service), signal.SIGKILL)
        rest = process.stdout.read()
        assert process.wait(30) == 1
    assert "payment ended with exit code -9" in rest


def test_no_file_of_the_callers_folder_is_executed(tmp_path):
    caller = tmp_path / "caller"
    caller.mkdir()
    for module in ("http", "psutil", "json", "fake_service"):
        program = f"open({str(tmp_path / module)!r}, 'w')\nraise OSError"
        (caller / f"{module}.py").write_text(program)
    with up(tmp_path / "data", caller) as process:
        read_until(process, "Ready. Ctrl-C")
        process.terminate()
        process.stdout.read()
        assert process.wait(30) == 0
    assert sorted(each.name for each in tmp_path.iterdir()) == ["caller", "data"]


def test_a_second_stack_on_the_same_folder_is_refused(tmp_path):
    with up(tmp_path) as process:
        read_until(process, "Ready. Ctrl-C")
        with up(tmp_path) as second:
            assert "A stack already runs on" in second.stdout.read()
            assert second.wait(30) == 1
        process.terminate()
        process.stdout.read()
        assert process.wait(30) == 0


def test_up_refuses_a_live_key_before_it_starts_anything(tmp_path):
    result = runner.invoke(
        app, ["up", "--data-dir", str(tmp_path)], env={"STRIPE_SECRET_KEY": "sk_live_1"}
    )
    assert result.exit_code == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("scale", ["payment", "payment=0", "payment=-1", "kitchen=2", "=2"])
def test_up_refuses_an_invalid_scale(tmp_path, scale):
    result = runner.invoke(app, ["up", "--data-dir", str(tmp_path), "--scale", scale])
    assert result.exit_code == 2
    assert f"--scale {scale}" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_doctor_reports_a_taken_port_with_its_cure(monkeypatch):
    with reserve_free_port() as taken:
        monkeypatch.setattr(checks, "DEFAULT_PORTS", {"payment": taken.port})
        (finding,) = checks.default_ports()
    assert not finding.ok
    assert "choose another port" in finding.cure


def test_the_doctor_reports_components_that_do_not_respond():
    with reserve_free_port() as closed:
        url = f"http://127.0.0.1:{closed.release()}"
        stack = RunningStack(os.getpid(), {"payment": url}, url.removeprefix("http://"))
        findings = list(checks.components_of(stack))
    assert [finding.subject for finding in checks.failures(findings)] == ["payment", "kafka"]
    assert all(finding.cure for finding in checks.failures(findings))


def test_the_doctor_checks_each_broker_of_a_cluster():
    with reserve_free_port() as one, reserve_free_port() as two:
        brokers = [f"127.0.0.1:{port.release()}" for port in (one, two)]
    stack = RunningStack(os.getpid(), {}, ",".join(brokers))
    findings = list(checks.components_of(stack))
    assert [finding.detail for finding in findings] == [
        f"does not respond at {broker}" for broker in brokers
    ]


def test_the_doctor_reports_jars_that_cannot_be_downloaded(monkeypatch, tmp_path):
    with reserve_free_port() as closed:
        url = f"http://127.0.0.1:{closed.release()}"
        monkeypatch.setenv("MAVEN_REPOSITORY_URL", url)
        monkeypatch.setenv("SAGA_CACHE_DIR", str(tmp_path))
        finding = checks.kafka_jars()
    assert not finding.ok
    assert "MAVEN_REPOSITORY_URL" in finding.cure


def test_the_doctor_refuses_a_live_key(monkeypatch, tmp_path):
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_live_1")
    assert not checks.stripe_key(tmp_path).ok


def test_only_failures_need_a_cure():
    failure = Finding("Java", "none", ok=False, cure="Install it.")
    assert checks.failures([Finding("Disk", "big"), failure]) == [failure]


def test_followed_logs_are_printed_by_line_with_their_component(tmp_path):
    console = Console(record=True, width=100)
    log = tmp_path / "payment.log"
    tail = LogTail({"payment": log, "user": tmp_path / "later.log"}, console)
    tail.print_new()
    log.write_text("one\ntw")
    tail.print_new()
    with log.open("a") as file:
        file.write("o [/markup]\n")
    tail.print_new()
    assert console.export_text().splitlines() == ["payment one", "payment two [/markup]"]


def test_deleting_the_data_keeps_other_files(tmp_path):
    (tmp_path / "kafka").mkdir()
    (tmp_path / "mine.txt").touch()
    remove_data(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_log_tail_returns_the_last_lines(tmp_path):
    child = Child("x", ["true"], log=tmp_path / "x.log")
    child.log.write_text("".join(f"line {n}\n" for n in range(100)))
    assert child.log_tail(2) == "line 98\nline 99"
