"""An outage that is longer than the time-outs rejects none of the orders that were under way."""

import time

import pytest
from saga_stack.stack import Stack
from support.orders import get_order, post_order, wait_for_outcome
from support.polling import eventually
from support.stacks import stack_settings
from support.users import register_user

pytestmark = [
    pytest.mark.stack,
    pytest.mark.slow,
    pytest.mark.embedded,
    pytest.mark.timeout(240),
]

TIMEOUT_SECONDS = 8
AWAY_SECONDS = 14


@pytest.fixture(scope="module")
def hasty(module_folder):
    """Yield a system with short time-outs."""
    timeouts = {
        "PAYMENT_INFO_TIMEOUT_SECONDS": str(TIMEOUT_SECONDS),
        "AUTHORIZATION_TIMEOUT_SECONDS": str(TIMEOUT_SECONDS),
        "OUTAGE_SECONDS": "2",
        "OUTAGE_POLL_SECONDS": "0.2",
    }
    with Stack(stack_settings(module_folder, service_env=timeouts)) as running:
        yield running


@pytest.mark.parametrize("server", ["kafka", "postgres"])
def test_an_order_under_way_is_authorized_after_the_outage(hasty, server):
    user = register_user(hasty, "visa")
    hasty.child("user").pause()
    order = post_order(hasty, user)
    eventually(lambda: sent(hasty, order), bool)

    hasty.kill(server)
    hasty.child("user").resume()
    time.sleep(AWAY_SECONDS)
    hasty.start(server)

    assert wait_for_outcome(hasty, order, 60)["state"] == "authorized"


def sent(system, order):
    """Return True once the first command is in Kafka, so that its time-out counts."""
    return any(entry.get("sent_at") for entry in get_order(system, order)["history"])
