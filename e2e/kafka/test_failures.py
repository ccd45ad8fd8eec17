"""Brokers that are killed, restarted, replaced as leaders or too few, in the middle of 300 orders.

Each order ends as its card requires, once.
"""

import time

import pytest
from saga_schemas.topics import PAYMENT_COMMANDS, USER_COMMANDS
from saga_stack.settings import StackSettings
from saga_stack.stack import Stack
from support.http import HTTP
from support.kafka.brokers import (
    busiest_leader,
    controller,
    in_sync,
    leaders,
    part_name,
    reassign,
    wait_until_in_sync,
)
from support.load import states_after_fault
from support.orders import get_order, order_body, post_order, wait_for_outcome
from support.polling import eventually
from support.users import register_user

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

ORDERS = 300
EXPECTED = {"authorized": 120, "rejected": 180}
BROKERS = {1, 2, 3}
UNSENT_SECONDS = 5.0
RECOVERY_SECONDS = 60.0
# Brokers start slowly on a busy machine; no order may time out meanwhile.
LONG_TIMEOUTS = {"PAYMENT_INFO_TIMEOUT_SECONDS": "300", "AUTHORIZATION_TIMEOUT_SECONDS": "300"}


@pytest.fixture(scope="module")
def cluster(module_folder):
    settings = StackSettings(
        data_dir=module_folder, brokers=len(BROKERS), service_env=LONG_TIMEOUTS
    )
    with Stack(settings) as stack:
        yield stack


@pytest.fixture
def stack(cluster):
    """Return the stack with every replica in sync."""
    wait_until_in_sync(cluster)
    return cluster


@pytest.fixture
def user(stack):
    return register_user(stack, "visa")


def recovery_seconds(stack, user):
    """Return how long it takes from now until an order of every partition is authorized."""
    began = time.monotonic()
    orders = [post_order(stack, user) for _ in range(stack.settings.partitions)]
    states = {wait_for_outcome(stack, order, RECOVERY_SECONDS)["state"] for order in orders}
    assert states == {"authorized"}
    return time.monotonic() - began


@pytest.mark.parametrize("role", ["leader of most partitions", "controller"])
def test_orders_go_on_after_a_broker_is_killed(stack, user, role, record_property):
    topic = PAYMENT_COMMANDS.name
    victim = controller(stack) if role == "controller" else busiest_leader(stack, topic)
    measured = []

    def crash():
        stack.kill(part_name(victim))
        measured.append(recovery_seconds(stack, user))
        assert victim not in leaders(stack, topic).values()
        stack.start(part_name(victim))
        wait_until_in_sync(stack)

    assert states_after_fault(stack, ORDERS, crash) == EXPECTED
    record_property("summary", f"recovered {measured[0]:.1f} s after kill -9 of the {role}")


def test_orders_survive_a_rolling_restart_of_all_brokers(stack):
    def restart_each():
        for number in BROKERS:
            stack.stop(part_name(number))
            stack.start(part_name(number))
            wait_until_in_sync(stack)

    assert states_after_fault(stack, ORDERS, restart_each) == EXPECTED


def test_orders_survive_moving_every_partition_from_its_leader_and_back(stack):
    topic = PAYMENT_COMMANDS.name
    before = leaders(stack, topic)

    def move():
        reassign(stack, topic, {n: sorted(BROKERS - {leader}) for n, leader in before.items()})
        moved = eventually(
            lambda: leaders(stack, topic),
            lambda now: all(now[n] not in (before[n], -1) for n in before),
        )
        assert all(moved[n] != before[n] for n in before), moved
        back = {n: [*sorted(BROKERS - {leader}), leader] for n, leader in before.items()}
        reassign(stack, topic, back)
        wait_until_in_sync(stack)

    assert states_after_fault(stack, ORDERS, move) == EXPECTED


def test_orders_are_accepted_with_one_broker_and_end_once_two_are_back(stack, user):
    lost = [part_name(number) for number in sorted(BROKERS - {controller(stack)})]
    accepted = []

    def lose_two_brokers():
        for name in lost:
            stack.kill(name)
        accepted.extend(orders_without_a_sent_command(stack, user))
        stack.start(*lost)

    assert states_after_fault(stack, ORDERS, lose_two_brokers) == EXPECTED
    assert {wait_for_outcome(stack, order)["state"] for order in accepted} == {"authorized"}


def test_commands_are_not_acknowledged_with_one_replica_in_sync(stack, user):
    """Two brokers have the topic of the first commands, and one of the two is killed."""
    topic = USER_COMMANDS.name
    stays, lost, other = sorted(BROKERS)
    accepted = []

    def place_replicas_on(*brokers):
        reassign(stack, topic, {number: [*brokers] for number in leaders(stack, topic)})

    def lose_one_of_two_replicas():
        place_replicas_on(stays, lost)
        wait_until_in_sync(stack)
        stack.kill(part_name(lost))
        alone = eventually(lambda: in_sync(stack, topic), lambda isr: isr == {(stays,)})
        assert alone == {(stays,)}
        accepted.extend(orders_without_a_sent_command(stack, user))
        stack.start(part_name(lost))
        place_replicas_on(stays, lost, other)
        wait_until_in_sync(stack)

    assert states_after_fault(stack, ORDERS, lose_one_of_two_replicas) == EXPECTED
    assert {wait_for_outcome(stack, order)["state"] for order in accepted} == {"authorized"}


def orders_without_a_sent_command(stack, user):
    """Place an order for each partition; check that Kafka acknowledges none of their commands."""
    orders = [post_once(stack, user) for _ in range(stack.settings.partitions)]
    sent = eventually(lambda: [sent_at(stack, order) for order in orders], any, UNSENT_SECONDS)
    assert sent == [None] * len(orders)
    return orders


def post_once(stack, user):
    """Post an order without a retry; return its id."""
    response = HTTP.post(f"{stack.orders_url}/orders", json=order_body(user))
    assert response.status_code == 202, response.text
    return response.json()["id"]


def sent_at(stack, order):
    """Return when Kafka acknowledged the order's first command, or None."""
    history = get_order(stack, order)["history"]
    return next(line["sent_at"] for line in history if line["type"] == "retrieve_payment_info")
