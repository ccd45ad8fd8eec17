import pytest
from customers import ended, eventually, post_order, register
from invariants import violations
from saga_cli.demo_cases import CASES
from saga_cli.settings import StackSettings
from saga_cli.stack import Stack


@pytest.fixture(scope="module")
def stack(module_folder):
    with Stack(StackSettings(data_dir=module_folder, secure_kafka=True)) as running:
        yield running


def test_orders(stack):
    cases = [case for case in CASES if case.title in ("visa", "insufficient funds")]
    users = register(stack, cases)
    for user, case in users.items():
        assert case.expected.differences(ended(stack, post_order(stack, user))) == []
    assert eventually(lambda: violations(stack), lambda found: not found) == []
