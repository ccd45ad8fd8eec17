"""Each container is killed, paused, restarted, cut off while orders run: each ends right, once."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from customers import ended, eventually, post_order, register
from invariants import violations
from saga_demo.cases import CASES
from saga_stack.services import EMULATOR, KAFKA, POSTGRES, SERVICES

ORDERS = 300
"""For each container, in as many waves as there are faults; one fault in the middle of each."""
CLIENTS = 16
PAUSE_SECONDS = 12.0
"""More than KAFKA_SESSION_TIMEOUT_SECONDS: who is silent for so long has lost its partitions."""
CUT_SECONDS = 5.0
"""Less than that: nobody has noticed but those who wrote or read."""
END_SECONDS = 90.0
OURS = (*SERVICES, EMULATOR)
MIX = ("visa", "mastercard", "insufficient funds", "expired card", "no such user")


def killed(project, service):
    project.container(service).kill()
    project.start(service)


def paused(project, service):
    project.container(service).pause()
    last(PAUSE_SECONDS)
    project.container(service).unpause()


def restarted(project, service):
    project.container(service).restart()


def cut_off(project, service):
    project.disconnect(service)
    last(CUT_SECONDS)
    project.reconnect(service)


FAULTS = (killed, paused, restarted, cut_off)


@dataclass(frozen=True)
class Address:
    """Where orders are posted, also while nobody answers there."""

    orders_url: str


@pytest.fixture(scope="module")
def fragile(compose, running):
    """The project, where who comes back has its old port: the ranges are for replicas."""
    ranges = compose.ports
    compose.ports = {name: span.partition("-")[0] for name, span in ranges.items()}
    with running() as project:
        yield project
    compose.ports = ranges


@pytest.mark.parametrize("service", [KAFKA, POSTGRES, *OURS])
def test_orders_survive_every_fault_of(service, fragile, record_property):
    users = register(fragile, [case for case in CASES if case.title in MIX])
    address, orders, took = Address(fragile.orders_url), [], []
    for fault in FAULTS:
        began = time.monotonic()
        orders += wave(fragile, address, users, fault, service)
        took.append(f"{fault.__name__} {time.monotonic() - began:.0f} s")
    wrong = [
        (order["id"], differences)
        for user, order in orders
        if (differences := users[user].expected.differences(order))
    ]
    assert wrong == []
    states = Counter(order["state"] for _, order in orders)
    assert states == {"authorized": ORDERS * 2 // 5, "rejected": ORDERS * 3 // 5}
    assert eventually(lambda: violations(fragile), lambda found: not found) == []
    record_property("summary", ", ".join(took))


def test_after_all_that_each_service_still_stops_by_itself(fragile):
    for service in OURS:
        fragile.stop(service)
    states = {service: fragile.container(service).attrs["State"] for service in OURS}
    assert {service: state["ExitCode"] for service, state in states.items()} == dict.fromkeys(
        OURS, 0
    )


def wave(project, address, users, fault, service):
    """Orders of everybody, a fault once a third is accepted. Returns each user and ended order."""
    names = [list(users)[number % len(users)] for number in range(ORDERS // len(FAULTS))]
    with ThreadPoolExecutor(CLIENTS) as clients:
        posts = [clients.submit(post_order, address, name) for name in names]
        eventually(lambda: sum(post.done() for post in posts), lambda done: done >= len(posts) // 3)
        struck = datetime.now(UTC).isoformat()
        fault(project, service)
        project.await_healthy(service)
        orders = [post.result() for post in posts]
        ends = list(clients.map(lambda order: ended(address, order, END_SECONDS), orders))
    assert any(order["created_at"] < struck < order["updated_at"] for order in ends), "none ran"
    return list(zip(names, ends, strict=True))


def last(seconds):
    over = time.monotonic() + seconds
    eventually(time.monotonic, lambda now: now >= over, seconds)
