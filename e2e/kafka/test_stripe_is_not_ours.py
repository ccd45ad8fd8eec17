"""The life of orders against a Stripe that no stack started, as with a key of Stripe's own.

It is the emulator, reached by an address from which it lets nobody control it.
"""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from saga_stack.processes.child import Child
from saga_stack.processes.ports import reserve_free_port
from saga_stack.processes.waiting import wait_while

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(400)]

ROOT = Path(__file__).parents[2]
ADDRESS = "127.0.0.2"  # of this machine, and none of the names that its control API answers to
SUITE = ROOT / "e2e" / "test_life.py"
READY_SECONDS = 30
SUITE_SECONDS = 360


@pytest.fixture
def somebody_elses_stripe(tmp_path):
    port = reserve_free_port().release()
    argv = [sys.executable, "-m", "stripe_emulator", "--host", ADDRESS, "--port", str(port)]
    emulator = Child("Stripe", argv, log=tmp_path / "stripe.log")
    emulator.start()
    try:
        wait_while(lambda: silent(f"http://{ADDRESS}:{port}"), READY_SECONDS)
        yield f"http://{ADDRESS}:{port}"
    finally:
        emulator.stop()


def silent(url):
    try:
        httpx.get(url, trust_env=False)
    except httpx.TransportError as error:
        return f"{url} does not answer: {error}"
    return None


def test_orders_live_the_same_where_stripe_is_not_ours(somebody_elses_stripe, record_property):
    control = httpx.get(f"{somebody_elses_stripe}/_emulator/ledger", trust_env=False)
    assert control.status_code == 403
    theirs = {"STRIPE_SECRET_KEY": "sk_test_other", "STRIPE_API_BASE": somebody_elses_stripe}
    command = [sys.executable, "-m", "pytest", "--without-servers", "-p", "no:cacheprovider"]
    ran = subprocess.run(
        [*command, "-m", "not embedded", str(SUITE)],
        cwd=ROOT,
        env={**os.environ, **theirs},
        capture_output=True,
        text=True,
        timeout=SUITE_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, f"{ran.stdout[-20_000:]}{ran.stderr}"
    skipped = [line for line in ran.stdout.splitlines() if line.startswith("SKIPPED")]
    assert all("Stripe is not ours" in line for line in skipped)
    record_property("summary", ran.stdout.splitlines()[-1].strip("= "))
