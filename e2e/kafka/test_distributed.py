"""Three payment replicas and two of the saga on 8 partitions share the work and hand it over.

Session timeouts, leases and poll intervals have their defaults.
"""

from collections import Counter
from datetime import datetime
from itertools import pairwise

import psutil
import pytest
from saga_messaging.settings import DatabaseSettings, KafkaSettings
from saga_stack.settings import StackSettings
from saga_stack.stack import Stack
from support.databases import rows
from support.invariants import violations_at_rest
from support.kafka.consumer_groups import committed_offsets, members, numbers, partition_of
from support.load import place_orders
from support.polling import eventually

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(180)]

REPLICAS = {"payment": 3, "order_saga": 2}
GROUPS = {"payment": "payment-service", "order_saga": "order-saga"}
MIX = ("visa", "mastercard", "insufficient funds")
ORDERS = 150
CONNECTIONS = """
    SELECT count(*) AS connections FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
KAFKA = KafkaSettings()
LONGEST_WAIT_SECONDS = KAFKA.kafka_session_timeout_seconds + 10
DETECTION_SECONDS = KAFKA.kafka_session_timeout_seconds - KAFKA.kafka_heartbeat_seconds
"""Kafka takes at least this long to detect that a member is gone."""


@pytest.fixture(scope="module")
def replicated(module_folder):
    with Stack(StackSettings(data_dir=module_folder, replicas=REPLICAS)) as stack:
        yield stack


def running_replicas(stack, service):
    """Return the process ids of a service's running replicas, by name."""
    names = [name for name, kind in stack.settings.servers.items() if kind.name == service]
    return {name: stack.pid(name) for name in names if stack.child(name).running}


def assigned_partitions(stack, service):
    """Return the partition numbers of each running replica, once they have all of them."""
    running = running_replicas(stack, service)

    def read():
        assigned = members(stack, GROUPS[service])
        return {name: numbers(assigned.get(pid, ())) for name, pid in running.items()}

    def is_complete(assigned):
        everything = set(range(stack.settings.partitions))
        return all(assigned.values()) and set().union(*assigned.values()) == everything

    assigned = eventually(read, is_complete, LONGEST_WAIT_SECONDS)
    assert is_complete(assigned), f"{service} does not have every partition: {assigned}"
    return assigned


def longest_waits(stack, during=lambda: None):
    """Place orders and call `during` in the middle; return the longest wait of each, by id."""
    results = place_orders(stack, MIX, ORDERS, LONGEST_WAIT_SECONDS * 2, during)
    return {order["id"]: longest_wait(order) for order in results}


def longest_wait(order):
    """Return the longest time between two lines of the order's history, in seconds."""
    moments = [datetime.fromisoformat(line["at"]) for line in order["history"]]
    return max((later - sooner).total_seconds() for sooner, later in pairwise(moments))


def is_connected_to_stripe(stack, name):
    stripe = stack.components["emulator"].port.port
    connections = psutil.Process(stack.pid(name)).net_connections("tcp")
    return stripe in {found.raddr.port for found in connections if found.raddr}


def database_connections(stack, service):
    [row] = rows(stack, service, CONNECTIONS)
    return row["connections"]


@pytest.mark.parametrize("service", REPLICAS)
def test_every_replica_handles_messages(replicated, service):
    assigned = assigned_partitions(replicated, service)
    assert sum(map(len, assigned.values())) == replicated.settings.partitions
    before = committed_offsets(replicated, GROUPS[service])

    longest_waits(replicated)
    assert violations_at_rest(replicated) == []

    read = Counter()
    for place, offset in committed_offsets(replicated, GROUPS[service]).items():
        read[place.partition] += offset - before.get(place, 0)
    handled = {name: sum(read[number] for number in assigned[name]) for name in assigned}
    assert len(handled) == REPLICAS[service]
    assert all(handled.values()), handled


def test_every_payment_replica_calls_stripe(replicated):
    names = assigned_partitions(replicated, "payment").keys()
    connected = set()

    def read():
        connected.update(name for name in names if is_connected_to_stripe(replicated, name))
        return connected

    longest_waits(replicated, lambda: eventually(read, lambda seen: seen == names))
    assert connected == names


@pytest.mark.parametrize("service", REPLICAS)
def test_replicas_have_no_more_connections_than_their_pools(replicated, service, record_property):
    limit = REPLICAS[service] * DatabaseSettings.model_fields["database_pool_size"].default
    seen = []
    longest_waits(replicated, lambda: seen.append(database_connections(replicated, service)))
    seen.append(database_connections(replicated, service))
    assert 0 < max(seen) <= limit
    record_property("summary", f"{service}: {max(seen)} connections of {limit}")


@pytest.mark.parametrize("victim", ["payment-2", "order_saga-2"])
def test_partitions_of_a_killed_replica_are_taken_over_in_time(replicated, victim, record_property):
    service, count = victim.removesuffix("-2"), replicated.settings.partitions
    lost = assigned_partitions(replicated, service)[victim]

    waits = longest_waits(replicated, lambda: replicated.kill(victim))

    interrupted = [wait for order, wait in waits.items() if partition_of(order, count) in lost]
    assert max(interrupted) > DETECTION_SECONDS / 2, "nothing was interrupted"
    assert max(waits.values()) <= LONGEST_WAIT_SECONDS
    assigned = assigned_partitions(replicated, service)
    assert lost <= set().union(*assigned.values())
    assert victim not in assigned
    record_property(
        "summary", f"longest wait {max(waits.values()):.1f} s of {LONGEST_WAIT_SECONDS:g} s"
    )

    replicated.start(victim)  # a replica that joins is assigned partitions
    assert assigned_partitions(replicated, service)[victim]
    assert violations_at_rest(replicated) == []


def test_partitions_of_a_stopped_replica_are_taken_over_at_once(replicated, record_property):
    assigned_partitions(replicated, "payment")
    stopped = replicated.pid("payment-3")

    def stop():
        replicated.stop("payment-3")
        assert stopped not in members(replicated, GROUPS["payment"])

    waits = longest_waits(replicated, stop)

    assert assigned_partitions(replicated, "payment").keys() == {"payment", "payment-2"}
    assert max(waits.values()) < KAFKA.kafka_session_timeout_seconds
    record_property("summary", f"longest wait {max(waits.values()):.1f} s")
    assert violations_at_rest(replicated) == []
