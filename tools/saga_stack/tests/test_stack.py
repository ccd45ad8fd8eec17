import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import httpx
import psutil
import psycopg2
import pytest
from saga_messaging.service import registered_services
from saga_stack.errors import ChildFailedError, PortTakenError
from saga_stack.kafka.broker import EmbeddedKafka
from saga_stack.postgres.server import EmbeddedPostgres
from saga_stack.processes.child import Child
from saga_stack.processes.ports import reserve_free_port
from saga_stack.processes.waiting import wait_while
from saga_stack.processes.watchdog import is_alive
from saga_stack.services import SERVICES
from saga_stack.settings import StackSettings
from saga_stack.stack import Stack
from saga_stack.start import launch

HERE = Path(__file__).parent
NAMES = ("user", "payment")
KEY = {"Authorization": "Bearer sk_test_1"}


@pytest.fixture(autouse=True)
def _fake_services(monkeypatch):
    for name in NAMES:
        monkeypatch.setitem(SERVICES, name, replace(SERVICES[name], module="fake_service"))


def settings(folder: Path, behaviour: str = "", **changes) -> StackSettings:
    chosen = {
        "data_dir": folder,
        "services": NAMES,
        "kafka_bootstrap": "127.0.0.1:1",
        "database_urls": dict.fromkeys(NAMES, "postgresql+psycopg2://elsewhere/x"),
        "stripe_api_base": "http://127.0.0.1:1",
        "service_env": {"PYTHONPATH": str(HERE), "FAKE_BEHAVIOUR": behaviour},
    }
    return StackSettings(**(chosen | changes))


def wait_until_ended(pid: int) -> None:
    def still_running() -> str | None:
        alive = psutil.pid_exists(pid) and is_alive(psutil.Process(pid))
        return f"process {pid} is running" if alive else None

    wait_while(still_running, 60)


def test_components_respond_inside_the_block_and_have_ended_after_it(tmp_path):
    with Stack(settings(tmp_path)) as stack:
        assert httpx.get(f"{stack.users_url}/readyz").status_code == 200
        assert httpx.get(f"{stack.payments_url}/readyz").status_code == 200
        stack.check()
        pids = [stack.pid(name) for name in NAMES]
    for pid in pids:
        wait_until_ended(pid)


def test_every_replica_is_a_component(tmp_path):
    with Stack(settings(tmp_path, replicas={"payment": 3})) as stack:
        assert [*stack.components] == ["user", "payment", "payment-2", "payment-3"]
        assert all(httpx.get(f"{url}/readyz").status_code == 200 for url in stack.urls.values())
        assert len(set(stack.urls.values())) == len(stack.components)
        stack.kill("payment-2")
        stack.check()
        stack.start("payment-2")
        pids = [stack.pid(name) for name in stack.components]
    for pid in pids:
        wait_until_ended(pid)


def test_a_component_that_dies_is_reported_with_the_end_of_its_log(tmp_path):
    with Stack(settings(tmp_path)) as stack:
        os.kill(stack.pid("payment"), signal.SIGKILL)
        stack.child("payment")._process.wait()
        with pytest.raises(ChildFailedError, match=r"payment ended with exit code -9.*\n.*serving"):
            stack.check()


def test_a_component_that_dies_at_startup_stops_the_others(tmp_path):
    stack = Stack(settings(tmp_path, "dies"))
    with pytest.raises(ChildFailedError, match="out of coffee"):
        stack.start_all()
    assert not any(each.child.running for each in stack.components.values())


def test_an_interrupted_start_leaves_nothing_that_starts_later(monkeypatch):
    began, started = threading.Event(), []

    class Slow:
        def launch(self):
            began.set()
            time.sleep(0.3)
            started.append(True)

    def interrupted(_):
        began.wait()
        raise KeyboardInterrupt

    monkeypatch.setattr("saga_stack.start.wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        launch({"slow": Slow()})
    assert started == [True]


def test_a_failed_migration_is_reported(tmp_path):
    with pytest.raises(ChildFailedError, match=r"(?s)(user|payment) ended .*migration 7 failed"):
        Stack(settings(tmp_path, "bad migration")).start_all()


def test_a_component_that_is_not_ready_in_time_is_reported_with_its_response(tmp_path, monkeypatch):
    monkeypatch.setattr("saga_stack.start.START_SECONDS", 1)
    with pytest.raises(ChildFailedError, match=r'payment: 503 {"database": "away"}'):
        Stack(settings(tmp_path, "never ready")).start_all()


def test_a_component_that_was_killed_can_be_restarted(tmp_path):
    with Stack(settings(tmp_path)) as stack:
        before, url = stack.pid("payment"), stack.payments_url
        stack.kill("payment")
        stack.check()
        wait_until_ended(before)
        stack.start("payment")
        assert stack.pid("payment") != before
        assert httpx.get(f"{url}/readyz").status_code == 200
        stack.stop("payment")
        stack.check()


def test_a_component_that_ignores_sigterm_is_killed(tmp_path):
    with Stack(settings(tmp_path, "ignores SIGTERM", services=("user",))) as stack:
        child = stack.child("user")
        child.stop(timeout_seconds=0.2)
        assert child.exit_code == -signal.SIGKILL


def test_killing_a_component_ends_its_children(tmp_path):
    with Stack(settings(tmp_path, "has a child", services=("user",))) as stack:
        grandchildren = psutil.Process(stack.pid("user")).children()
        assert len(grandchildren) == 1
        stack.kill("user")
        assert not any(map(is_alive, grandchildren))


def test_a_taken_port_is_refused_and_other_ports_are_released(tmp_path):
    with reserve_free_port() as taken, reserve_free_port() as free:
        wanted = {"user": free.release(), "payment": taken.port}
        with pytest.raises(PortTakenError, match=f"{taken.port} for payment"):
            Stack(settings(tmp_path, ports=wanted))
        assert not (tmp_path / "logs").exists()
        with Stack(settings(tmp_path, ports={"user": wanted["user"]})) as stack:
            assert stack.users_url.endswith(str(wanted["user"]))


def test_a_paused_component_can_be_stopped(tmp_path):
    program = [sys.executable, "-c", "import time; time.sleep(600)"]
    child = Child("sleeper", program, log=tmp_path / "log")
    child.start()
    child.pause()
    child.stop()
    assert child.exit_code == -signal.SIGTERM


PARENT = """
import sys, time, pathlib
from saga_stack.postgres.server import EmbeddedPostgres
from saga_stack.processes.child import Child
sleep = "import signal, time; signal.signal(signal.SIGTERM, {}); time.sleep(600)"
log = pathlib.Path("log")
children = [
    Child("polite", [sys.executable, "-c", sleep.format("signal.SIG_DFL")], log=log),
    Child("family", ["sh", "-c", "sleep 600 & sleep 600"], log=log),
]
for child in children:
    child.start()
print(*[child.pid for child in children], flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_child_survives_its_parent(tmp_path, end):
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path
    ) as parent:
        pids = [int(word) for word in parent.stdout.readline().split()]
        family = [child for pid in pids for child in psutil.Process(pid).children()]
        parent.send_signal(end)
        parent.wait(20)
    for pid in [*pids, *(child.pid for child in family)]:
        wait_until_ended(pid)


@pytest.mark.stack
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_two_stacks_share_only_a_broker_and_a_postgresql_server(
    monkeypatch, stack_dir, kafka, postgres
):
    monkeypatch.setitem(SERVICES, "user", registered_services()["user"])
    shared = {"kafka_bootstrap": None, "database_urls": {}, "stripe_api_base": None}

    def stack(name: str) -> Stack:
        chosen = settings(stack_dir / name, services=("user",), **shared)
        prefixed = replace(
            chosen, topic_prefix=f"{name}-", database_prefix=f"{name}-", service_env={}
        )
        return Stack(prefixed, kafka=kafka, postgres=postgres)

    with stack("one") as one, stack("two") as two:
        assert set(one.components) == {"emulator", "user"}
        assert one.kafka_bootstrap == two.kafka_bootstrap == kafka.bootstrap_servers
        body = {"clerk_user_id": "u1"}
        assert httpx.post(f"{one.users_url}/users", json=body, timeout=20).status_code == 201
        assert httpx.get(f"{two.users_url}/users/u1", timeout=20).status_code == 404
    assert kafka.running
    assert postgres.running


SERVERS = """
import pathlib, sys, time
from saga_stack.kafka.broker import EmbeddedKafka
from saga_stack.postgres.server import EmbeddedPostgres
folder = pathlib.Path(sys.argv[1])
kafka, postgres = EmbeddedKafka(folder / "kafka"), EmbeddedPostgres(folder / "postgres")
postgres.start()
kafka.start()
postgres.create_database("kept")
print(postgres.child.pid, kafka.child.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.stack
@pytest.mark.slow
def test_kafka_and_postgresql_end_with_their_parent_and_their_folders_can_be_reused(stack_dir):
    folder = stack_dir / "orphans"
    with subprocess.Popen(
        [sys.executable, "-c", SERVERS, str(folder)], stdout=subprocess.PIPE
    ) as parent:
        pids = [int(word) for word in parent.stdout.readline().split()]
        parent.kill()
    with EmbeddedPostgres(folder / "postgres") as postgres:
        psycopg2.connect(postgres.dsn("kept").replace("+psycopg2", "")).close()
    for pid in pids:
        wait_until_ended(pid)
    with EmbeddedKafka(folder / "kafka") as kafka:
        assert kafka.running


def test_the_emulator_keeps_its_data_when_it_is_killed(tmp_path):
    with Stack(settings(tmp_path, stripe_api_base=None, services=("user",))) as stack:
        with httpx.Client(base_url=stack.emulator_url, headers=KEY) as stripe:
            made = stripe.post("/v1/customers", data={"name": "Ann"}).json()["id"]
        stack.kill("emulator")
        stack.start("emulator")
        with httpx.Client(base_url=stack.emulator_url, headers=KEY) as stripe:
            assert stripe.get(f"/v1/customers/{made}").json()["name"] == "Ann"
