"""Scenario files: valid, invalid, run by the command, and restarted by a reset."""

import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from stripe_emulator.faults.fault import Fault
from stripe_emulator.faults.rate_limit import RateLimit
from stripe_emulator.faults.scenario import InvalidScenario, Scenario, load_scenario
from stripe_emulator.settings import Settings
from stripe_emulator.testing import running_emulator

STORM = """
seed = 7

[rate_limit]
per_second = 25

[[faults]]
kind = "429"
endpoint = "POST /v1/customers"
calls = [1, 3]

[[faults]]
kind = "status_500_before"
probability = 0.5
"""
REFUSED = [
    ("colour = 1", "colour: "),
    ("seed = '7'", "seed: "),
    ("[rate_limit]\nper_second = 0", "rate_limit.per_second: "),
    ("[[faults]]\nkind = 'hang'\n[[faults]]\nkind = 'hang'\ncount = 0", "faults[1].count: "),
    ("[[faults]]\nkind = 'hang'\ncalls = [1]\nskip = 2", "faults[0]: skip: "),
    ("[[faults]]\nendpoint = '*'", "faults[0].kind: "),
    ("seed = 1 2", "line 1"),
    ("seed = 1\xff", "utf-8"),
]
BREAKING = ["reset", "truncated", "reset_after"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def wait_until_healthy(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            assert httpx.get(f"{url}/healthz").status_code == 200
        except httpx.TransportError:
            assert time.monotonic() < deadline, "the emulator did not start"
        else:
            return


@pytest.fixture
def scenario_file(tmp_path: Path) -> Path:
    path = tmp_path / "storm.toml"
    path.write_text(STORM)
    return path


def statuses(url: str, calls: int) -> list[int]:
    headers = {"Authorization": "Bearer sk_test_1"}
    with httpx.Client(headers=headers) as http:
        return [http.post(f"{url}/v1/customers").status_code for _ in range(calls)]


def test_scenario_has_a_seed_a_rate_limit_and_faults(scenario_file: Path):
    assert load_scenario(scenario_file) == Scenario(
        seed=7,
        rate_limit=RateLimit(per_second=25),
        faults=[
            Fault(kind="429", endpoint="POST /v1/customers", calls=[1, 3]),
            Fault(kind="status_500_before", probability=0.5),
        ],
    )


@pytest.mark.parametrize(("text", "problem"), REFUSED, ids=str)
def test_invalid_scenario_is_refused_with_file_and_field(tmp_path: Path, text: str, problem: str):
    path = tmp_path / "wrong.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InvalidScenario) as refused:
        load_scenario(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert problem in str(refused.value)


def test_every_invalid_field_is_named(tmp_path: Path):
    path = tmp_path / "wrong.toml"
    path.write_text("seed = 'x'\nfaults = 3")
    with pytest.raises(InvalidScenario, match=r"seed: .*; faults: "):
        load_scenario(path)


def test_missing_file_is_named(tmp_path: Path):
    with pytest.raises(InvalidScenario, match=r"nowhere\.toml"):
        load_scenario(tmp_path / "nowhere.toml")


def test_reset_restarts_the_scenario(scenario_file: Path):
    with running_emulator(Settings(scenario=load_scenario(scenario_file))) as running:
        first = statuses(running.url, 20)
        httpx.delete(f"{running.url}/_emulator/faults")
        httpx.delete(f"{running.url}/_emulator/rate_limit")
        assert statuses(running.url, 20) == [200] * 20
        httpx.post(f"{running.url}/_emulator/reset")
        assert statuses(running.url, 20) == first
        assert [first[0], first[2]] == [429, 429]
        assert {200, 500} <= set(first)
        assert running.emulator.faults.rate_limit == RateLimit(per_second=25)


def test_seed_of_the_settings_takes_precedence(scenario_file: Path):
    scenario = load_scenario(scenario_file)
    of_scenario, of_settings = Settings(scenario=scenario), Settings(seed=8, scenario=scenario)
    assert (of_scenario.effective_seed, of_settings.effective_seed) == (7, 8)
    limited = Settings(scenario=scenario, rate_limit_per_second=3)
    assert limited.effective_rate_limit == RateLimit(per_second=3)


def test_command_refuses_an_invalid_scenario(tmp_path: Path):
    path = tmp_path / "wrong.toml"
    path.write_text("[[faults]]\nkind = 'flood'")
    command = [sys.executable, "-m", "stripe_emulator", "--port", "0", "--scenario", str(path)]
    refused: Any = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert refused.returncode == 2
    assert b"faults[0].kind" in refused.stderr


def test_command_runs_a_scenario_without_logging_errors(tmp_path: Path):
    path, port = tmp_path / "broken.toml", free_port()
    faults = [f"[[faults]]\nkind = '{kind}'\nendpoint = 'POST *'" for kind in BREAKING]
    path.write_text("\n".join(faults))
    command = [sys.executable, "-m", "stripe_emulator", "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen([*command, "--scenario", path], stderr=subprocess.PIPE) as process:
        try:
            wait_until_healthy(url)
            for _ in BREAKING:
                with pytest.raises(httpx.TransportError):
                    httpx.post(f"{url}/v1/customers")
            assert httpx.post(f"{url}/v1/customers").status_code == 401
        finally:
            process.terminate()
            _, log = process.communicate(timeout=60)
    assert "ERROR" not in log.decode()
