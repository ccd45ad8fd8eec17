"""Topics get more partitions while orders are under way: each still ends as its card says."""

import asyncio
from dataclasses import replace

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from consumer_groups import members, numbers, read_offsets
from customers import eventually, place_orders
from invariants import violations
from saga_schemas.topics import TOPICS
from saga_stack.settings import StackSettings
from saga_stack.stack import Stack

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(180)]

BEFORE, AFTER = 4, 12
GROUPS = ("payment-service", "order-saga", "user-service")
MIX = ("visa", "insufficient funds")
ORDERS = 120
PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def growing(module_folder):
    settings = StackSettings(
        data_dir=module_folder,
        partitions=BEFORE,
        replicas={"payment": 2},
        service_env={"KAFKA_METADATA_SECONDS": "2"},
    )
    with Stack(settings) as stack:
        yield stack


def raise_partitions(stack):
    async def main():
        admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka_bootstrap)
        await admin.start()
        try:
            names = [name for topic in TOPICS for name in (topic.name, topic.dead_letters)]
            await admin.create_partitions(dict.fromkeys(names, NewPartitions(AFTER)))
        finally:
            await admin.close()

    asyncio.run(main())
    stack.settings = replace(stack.settings, partitions=AFTER)


def test_partitions_are_raised_while_orders_are_under_way(growing):
    place_orders(growing, MIX, ORDERS, PATIENCE_SECONDS, lambda: raise_partitions(growing))
    for group in GROUPS:
        assigned = eventually(lambda group=group: shared_out(growing, group), everything)
        assert everything(assigned), group

    assert everything(eventually(lambda: used_by_more_orders(growing), everything))
    assert eventually(lambda: violations(growing), lambda found: not found) == []


def shared_out(stack, group):
    return set().union(*map(numbers, members(stack, group).values()))


def used_by_more_orders(stack):
    """The partitions that commands to the payment service were ever on."""
    place_orders(stack, MIX, ORDERS, PATIENCE_SECONDS)
    offsets = read_offsets(stack, "payment-service")
    return numbers(place for place, offset in offsets.items() if offset)


def everything(found):
    return found == set(range(AFTER))
