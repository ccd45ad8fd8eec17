"""TLS, passwords and ACLs on three brokers, whose controllers authenticate by certificate."""

import pytest
from saga_stack.settings import StackSettings
from saga_stack.stack import Stack
from support.invariants import violations_at_rest
from support.orders import post_order, wait_for_outcome
from support.users import cases, register_users

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(400)]

MIX = ("visa", "insufficient funds")
LONG_TIMEOUTS = {"PAYMENT_INFO_TIMEOUT_SECONDS": "300", "AUTHORIZATION_TIMEOUT_SECONDS": "300"}


@pytest.fixture(scope="module")
def stack(module_folder):
    settings = StackSettings(
        data_dir=module_folder, brokers=3, secure_kafka=True, service_env=LONG_TIMEOUTS
    )
    with Stack(settings) as running:
        yield running


def test_secure_cluster_survives_the_loss_of_each_broker_in_turn(stack):
    users = register_users(stack, cases(*MIX))
    for broker in ("kafka-1", "kafka-2", "kafka-3"):
        stack.kill(broker)
        for user, case in users.items():
            order = wait_for_outcome(stack, post_order(stack, user))
            assert case.expected.differences(order) == []
        stack.start(broker)
    assert violations_at_rest(stack) == []
