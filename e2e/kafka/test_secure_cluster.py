"""TLS, passwords and rights on three brokers: the controllers know each other by certificate."""

import pytest
from customers import ended, eventually, post_order, register
from invariants import violations
from saga_demo.cases import CASES
from saga_stack.settings import StackSettings
from saga_stack.stack import Stack

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(400)]

MIX = ("visa", "insufficient funds")
PATIENT = {"PAYMENT_INFO_TIMEOUT_SECONDS": "300", "AUTHORIZATION_TIMEOUT_SECONDS": "300"}


@pytest.fixture(scope="module")
def stack(module_folder):
    settings = StackSettings(
        data_dir=module_folder, brokers=3, secure_kafka=True, service_env=PATIENT
    )
    with Stack(settings) as running:
        yield running


def test_a_secured_cluster_bears_the_loss_of_each_broker_in_turn(stack):
    users = register(stack, [case for case in CASES if case.title in MIX])
    for broker in ("kafka-1", "kafka-2", "kafka-3"):
        stack.kill(broker)
        for user, each in users.items():
            assert each.expected.differences(ended(stack, post_order(stack, user))) == []
        stack.start(broker)
    assert eventually(lambda: violations(stack), lambda found: not found) == []
