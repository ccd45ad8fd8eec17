"""The order lifecycle with a Stripe that the stack does not start, as with a key of Stripe's own.

Stripe is the emulator, on an address from which its control API refuses requests.
"""

import sys

import httpx
import pytest
from saga_stack.processes.child import Child
from saga_stack.processes.ports import reserve_free_port
from saga_stack.processes.waiting import wait_while
from support.suites import run_suites

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(400)]

ADDRESS = "127.0.0.2"  # loopback, but no host name that the control API accepts
READY_SECONDS = 30
SUITE_SECONDS = 360


@pytest.fixture
def external_stripe(tmp_path):
    port = reserve_free_port().release()
    argv = [sys.executable, "-m", "stripe_emulator", "--host", ADDRESS, "--port", str(port)]
    emulator = Child("Stripe", argv, log=tmp_path / "stripe.log")
    emulator.start()
    try:
        wait_while(lambda: connection_error(f"http://{ADDRESS}:{port}"), READY_SECONDS)
        yield f"http://{ADDRESS}:{port}"
    finally:
        emulator.stop()


def connection_error(url):
    try:
        httpx.get(url, trust_env=False)
    except httpx.TransportError as error:
        return f"{url} does not answer: {error}"
    return None


def test_order_lifecycle_is_the_same_with_an_external_stripe(external_stripe, record_property):
    control = httpx.get(f"{external_stripe}/_emulator/ledger", trust_env=False)
    assert control.status_code == 403
    environment = {"STRIPE_SECRET_KEY": "sk_test_other", "STRIPE_API_BASE": external_stripe}
    report = run_suites(["test_order_lifecycle.py"], environment, SUITE_SECONDS)
    assert all("Stripe is external" in line for line in report.skipped)
    record_property("summary", report.summary)
