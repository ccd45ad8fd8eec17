"""Three payment replicas and two of the saga on 8 partitions: all work, and hand over.

Nothing is set: the session time-out, the leases and the pauses are what a service has by default.
"""

from collections import Counter
from datetime import datetime
from itertools import pairwise

import psutil
import pytest
from consumer_groups import members, numbers, partition_of, read_offsets
from customers import eventually, place_orders
from invariants import rows, violations
from saga_messaging.settings import DatabaseSettings, KafkaSettings
from saga_stack.settings import StackSettings
from saga_stack.stack import Stack

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(180)]

REPLICAS = {"payment": 3, "order_saga": 2}
GROUPS = {"payment": "payment-service", "order_saga": "order-saga"}
MIX = ("visa", "mastercard", "insufficient funds")
ORDERS = 150
CONNECTIONS = """
    SELECT count(*) AS held FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
KAFKA = KafkaSettings()
MOST_SECONDS = KAFKA.kafka_session_timeout_seconds + 10
UNNOTICED_SECONDS = KAFKA.kafka_session_timeout_seconds - KAFKA.kafka_heartbeat_seconds
"""For at least so long Kafka believes that a member which says nothing lives."""


@pytest.fixture(scope="module")
def replicated(module_folder):
    with Stack(StackSettings(data_dir=module_folder, replicas=REPLICAS)) as stack:
        yield stack


def processes(stack, service):
    """The process ids of a service's replicas that run, by their name."""
    ours = [name for name, kind in stack.settings.servers.items() if kind.name == service]
    return {name: stack.pid(name) for name in ours if stack.child(name).running}


def shared_out(stack, service):
    """The partition numbers of each replica once all are shared out among those that run."""
    running = processes(stack, service)

    def found():
        owners = members(stack, GROUPS[service])
        return {name: numbers(owners.get(pid, ())) for name, pid in running.items()}

    def complete(owned):
        everything = set(range(stack.settings.partitions))
        return all(owned.values()) and set().union(*owned.values()) == everything

    owned = eventually(found, complete, MOST_SECONDS)
    assert complete(owned), f"{service} does not have every partition: {owned}"
    return owned


def waits_of_orders(stack, meanwhile=lambda: None):
    """The longest time that each order waited in a step, while something happens; by order."""
    results = place_orders(stack, MIX, ORDERS, MOST_SECONDS * 2, meanwhile)
    return {order["id"]: longest_step(order) for order in results}


def longest_step(order):
    """The longest time between two lines of the order's history, in seconds."""
    moments = [datetime.fromisoformat(line["at"]) for line in order["history"]]
    return max((later - sooner).total_seconds() for sooner, later in pairwise(moments))


def talks_to_stripe(stack, name):
    stripe = stack.components["emulator"].port.port
    connections = psutil.Process(stack.pid(name)).net_connections("tcp")
    return stripe in {each.raddr.port for each in connections if each.raddr}


def connections(stack, service):
    [found] = rows(stack, service, CONNECTIONS)
    return found["held"]


def at_rest(stack):
    return eventually(lambda: violations(stack), lambda found: not found)


@pytest.mark.parametrize("service", REPLICAS)
def test_all_replicas_do_work(replicated, service):
    owned = shared_out(replicated, service)
    assert sum(map(len, owned.values())) == replicated.settings.partitions
    before = read_offsets(replicated, GROUPS[service])

    waits_of_orders(replicated)
    assert at_rest(replicated) == []

    read = Counter()
    for place, offset in read_offsets(replicated, GROUPS[service]).items():
        read[place.partition] += offset - before.get(place, 0)
    work = {name: sum(read[number] for number in owned[name]) for name in owned}
    assert len(work) == REPLICAS[service]
    assert all(work.values()), work


def test_all_payment_replicas_talk_to_stripe(replicated):
    names = shared_out(replicated, "payment").keys()
    heard = set()

    def listen():
        heard.update(name for name in names if talks_to_stripe(replicated, name))
        return heard

    waits_of_orders(replicated, lambda: eventually(listen, lambda seen: seen == names))
    assert heard == names


@pytest.mark.parametrize("service", REPLICAS)
def test_no_replica_holds_more_connections_than_its_pool(replicated, service, record_property):
    most = REPLICAS[service] * DatabaseSettings(database_url="").database_pool_size
    seen = []
    waits_of_orders(replicated, lambda: seen.append(connections(replicated, service)))
    seen.append(connections(replicated, service))
    assert 0 < max(seen) <= most
    record_property("summary", f"{service}: {max(seen)} connections of {most}")


@pytest.mark.parametrize("victim", ["payment-2", "order_saga-2"])
def test_a_killed_replica_hands_over_and_no_saga_waits_longer(replicated, victim, record_property):
    service, count = victim.removesuffix("-2"), replicated.settings.partitions
    lost = shared_out(replicated, service)[victim]

    waited = waits_of_orders(replicated, lambda: replicated.kill(victim))

    interrupted = [each for order, each in waited.items() if partition_of(order, count) in lost]
    assert max(interrupted) > UNNOTICED_SECONDS / 2, "nothing was interrupted"
    assert max(waited.values()) <= MOST_SECONDS
    heirs = shared_out(replicated, service)
    assert lost <= set().union(*heirs.values())
    assert victim not in heirs
    record_property("summary", f"longest wait {max(waited.values()):.1f} s of {MOST_SECONDS:g} s")

    replicated.start(victim)  # a replica that joins takes partitions
    assert shared_out(replicated, service)[victim]
    assert at_rest(replicated) == []


def test_a_replica_that_is_stopped_hands_over_at_once(replicated, record_property):
    shared_out(replicated, "payment")
    stopped = replicated.pid("payment-3")

    def stop():
        replicated.stop("payment-3")
        assert stopped not in members(replicated, GROUPS["payment"])

    waited = waits_of_orders(replicated, stop)

    assert shared_out(replicated, "payment").keys() == {"payment", "payment-2"}
    assert max(waited.values()) < KAFKA.kafka_session_timeout_seconds
    record_property("summary", f"longest wait {max(waited.values()):.1f} s")
    assert at_rest(replicated) == []
