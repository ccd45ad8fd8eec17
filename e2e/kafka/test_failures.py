"""Brokers that die, restart, lose their lead or are too few, in the middle of 300 orders."""

import time

import pytest
from customers import HTTP, ended, eventually, order_of, post_order, register
from kafka.brokers import (
    busiest,
    controller,
    in_sync,
    leaders,
    part,
    reassign,
    wait_until_in_sync,
)
from rush import rush
from saga_demo.cases import CASES
from saga_schemas.topics import PAYMENT_COMMANDS, USER_COMMANDS
from saga_stack.settings import StackSettings
from saga_stack.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

ORDERS = 300
AS_THE_CARDS_SAY = {"authorized": 120, "rejected": 180}
NODES = {1, 2, 3}
UNHEARD_SECONDS = 5.0
GOES_ON_SECONDS = 60.0
# Brokers start slowly on a busy machine, and no order may be given up meanwhile.
PATIENT = {"PAYMENT_INFO_TIMEOUT_SECONDS": "300", "AUTHORIZATION_TIMEOUT_SECONDS": "300"}


@pytest.fixture(scope="module")
def running(module_folder):
    settings = StackSettings(data_dir=module_folder, brokers=len(NODES), service_env=PATIENT)
    with Stack(settings) as stack:
        yield stack


@pytest.fixture
def stack(running):
    """The cluster with nothing amiss."""
    wait_until_in_sync(running)
    return running


@pytest.fixture
def visa(stack):
    return next(iter(register(stack, [case for case in CASES if case.title == "visa"])))


def seconds_until_work_goes_on(stack, user):
    """How long from now until an order of every partition has been held."""
    began = time.monotonic()
    orders = [post_order(stack, user) for _ in range(stack.settings.partitions)]
    states = {ended(stack, order, GOES_ON_SECONDS)["state"] for order in orders}
    assert states == {"authorized"}
    return time.monotonic() - began


@pytest.mark.parametrize("role", ["leader of most partitions", "controller"])
def test_a_broker_killed_and_started_again(stack, visa, role, record_property):
    victim = controller(stack) if role == "controller" else busiest(stack, PAYMENT_COMMANDS.name)
    stalled = []

    def crash():
        stack.kill(part(victim))
        stalled.append(seconds_until_work_goes_on(stack, visa))
        assert victim not in leaders(stack, PAYMENT_COMMANDS.name).values()
        stack.start(part(victim))
        wait_until_in_sync(stack)

    assert rush(stack, ORDERS, crash) == AS_THE_CARDS_SAY
    record_property("summary", f"work went on {stalled[0]:.1f} s after kill -9 of the {role}")


def test_all_brokers_restarted_one_after_the_other(stack):
    def restart_each():
        for number in NODES:
            stack.stop(part(number))
            stack.start(part(number))
            wait_until_in_sync(stack)

    assert rush(stack, ORDERS, restart_each) == AS_THE_CARDS_SAY


def test_partitions_moved_away_from_their_leader_and_back(stack):
    topic = PAYMENT_COMMANDS.name
    before = leaders(stack, topic)

    def move():
        reassign(stack, topic, {n: sorted(NODES - {leader}) for n, leader in before.items()})
        moved = eventually(
            lambda: leaders(stack, topic),
            lambda now: all(now[n] not in (before[n], -1) for n in before),
        )
        assert all(moved[n] != before[n] for n in before), moved
        back = {n: [*sorted(NODES - {leader}), leader] for n, leader in before.items()}
        reassign(stack, topic, back)
        wait_until_in_sync(stack)

    assert rush(stack, ORDERS, move) == AS_THE_CARDS_SAY


def test_with_one_broker_left_orders_are_taken_and_wait_and_all_end_when_two_are_back(stack, visa):
    lost = [part(number) for number in sorted(NODES - {controller(stack)})]
    kept = []

    def cut_off():
        for name in lost:
            stack.kill(name)
        kept.extend(taken_and_unheard(stack, visa))
        stack.start(*lost)

    assert rush(stack, ORDERS, cut_off) == AS_THE_CARDS_SAY
    assert {ended(stack, order)["state"] for order in kept} == {"authorized"}


def test_one_replica_in_sync_acknowledges_nothing_though_the_cluster_goes_on(stack, visa):
    """Two brokers keep the topic of first commands, and one of the two is lost."""
    topic = USER_COMMANDS.name
    stays, lost, outside = sorted(NODES)
    kept = []

    def keep_on(*brokers):
        reassign(stack, topic, {number: [*brokers] for number in leaders(stack, topic)})

    def bereave():
        keep_on(stays, lost)
        wait_until_in_sync(stack)
        stack.kill(part(lost))
        alone = eventually(lambda: in_sync(stack, topic), lambda isr: isr == {(stays,)})
        assert alone == {(stays,)}
        kept.extend(taken_and_unheard(stack, visa))
        stack.start(part(lost))
        keep_on(stays, lost, outside)
        wait_until_in_sync(stack)

    assert rush(stack, ORDERS, bereave) == AS_THE_CARDS_SAY
    assert {ended(stack, order)["state"] for order in kept} == {"authorized"}


def taken_and_unheard(stack, user):
    """Orders that are accepted while Kafka acknowledges none of their commands."""
    orders = [taken_at_once(stack, user) for _ in range(stack.settings.partitions)]
    sent = eventually(lambda: [sent_at(stack, order) for order in orders], any, UNHEARD_SECONDS)
    assert sent == [None] * len(orders)
    return orders


def taken_at_once(stack, user):
    order = {"clerk_user_id": user, "amount": 1299, "description": "Food delivery order"}
    response = HTTP.post(f"{stack.orders_url}/orders", json=order)
    assert response.status_code == 202, response.text
    return response.json()["id"]


def sent_at(stack, order):
    """When Kafka acknowledged the order's first command, or None."""
    history = order_of(stack, order)["history"]
    return next(one["sent_at"] for one in history if one["type"] == "retrieve_payment_info")
