"""Topics get more partitions while orders are under way."""

from dataclasses import replace

import pytest
from aiokafka.admin import NewPartitions
from saga_schemas.topics import TOPICS
from saga_stack.settings import StackSettings
from saga_stack.stack import Stack
from support.invariants import violations_at_rest
from support.kafka.admin import with_admin
from support.kafka.consumer_groups import committed_offsets, members, numbers
from support.load import place_orders
from support.polling import eventually

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(180)]

BEFORE, AFTER = 4, 12
GROUPS = ("payment-service", "order-saga", "user-service")
MIX = ("visa", "insufficient funds")
ORDERS = 120
OUTCOME_SECONDS = 60


@pytest.fixture(scope="module")
def growing_stack(module_folder):
    settings = StackSettings(
        data_dir=module_folder,
        partitions=BEFORE,
        replicas={"payment": 2},
        service_env={"KAFKA_METADATA_SECONDS": "2"},
    )
    with Stack(settings) as stack:
        yield stack


def add_partitions(stack):
    names = [name for topic in TOPICS for name in (topic.name, topic.dead_letters)]
    totals = dict.fromkeys(names, NewPartitions(AFTER))
    with_admin(stack, lambda admin: admin.create_partitions(totals))
    stack.settings = replace(stack.settings, partitions=AFTER)


def test_orders_under_way_end_right_and_new_partitions_are_used(growing_stack):
    stack = growing_stack
    place_orders(stack, MIX, ORDERS, OUTCOME_SECONDS, lambda: add_partitions(stack))
    for group in GROUPS:
        assigned = eventually(lambda group=group: assigned_partitions(stack, group), is_complete)
        assert is_complete(assigned), group

    assert is_complete(eventually(lambda: partitions_used_by_more_orders(stack), is_complete))
    assert violations_at_rest(stack) == []


def assigned_partitions(stack, group):
    return set().union(*map(numbers, members(stack, group).values()))


def partitions_used_by_more_orders(stack):
    """Place more orders; return the partitions that ever had a command to the payment service."""
    place_orders(stack, MIX, ORDERS, OUTCOME_SECONDS)
    offsets = committed_offsets(stack, "payment-service")
    return numbers(place for place, offset in offsets.items() if offset)


def is_complete(partitions):
    return partitions == set(range(AFTER))
