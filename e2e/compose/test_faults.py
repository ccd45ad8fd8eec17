"""Each container is killed, paused, restarted and disconnected while orders run."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from saga_stack.services import EMULATOR, KAFKA, POSTGRES, SERVICES
from support.invariants import violations_at_rest
from support.load import CLIENTS, MIX, wrong_outcomes
from support.orders import post_order, wait_for_outcome
from support.polling import eventually
from support.users import cases, register_users

ORDERS = 300
"""For each container, a quarter of them for each fault, which comes in the middle of it."""
PAUSE_SECONDS = 12.0
"""More than KAFKA_SESSION_TIMEOUT_SECONDS: a paused consumer loses its partitions."""
DISCONNECT_SECONDS = 5.0
"""Less than that: a disconnected consumer keeps its partitions."""
OUTCOME_SECONDS = 90.0
BUILT = (*SERVICES, EMULATOR)


def killed(project, service):
    project.container(service).kill()
    project.start(service)


def paused(project, service):
    project.container(service).pause()
    elapse(PAUSE_SECONDS)
    project.container(service).unpause()


def restarted(project, service):
    project.container(service).restart()


def disconnected(project, service):
    project.disconnect(service)
    elapse(DISCONNECT_SECONDS)
    project.reconnect(service)


FAULTS = (killed, paused, restarted, disconnected)


@dataclass(frozen=True)
class FixedAddress:
    """The address of the orders API, also while no container publishes it."""

    orders_url: str


@pytest.fixture(scope="module")
def project_with_fixed_ports(compose, running):
    """Start a project whose containers keep their ports; with ranges they may get others."""
    ranges = compose.ports
    compose.ports = {name: span.partition("-")[0] for name, span in ranges.items()}
    with running() as project:
        yield project
    compose.ports = ranges


@pytest.mark.parametrize("service", [KAFKA, POSTGRES, *BUILT])
def test_orders_survive_every_fault(service, project_with_fixed_ports, record_property):
    project = project_with_fixed_ports
    users = register_users(project, cases(*MIX))
    api, orders, durations = FixedAddress(project.orders_url), [], []
    for fault in FAULTS:
        began = time.monotonic()
        orders += place_orders_during(fault, service, project, api, list(users))
        durations.append(f"{fault.__name__} {time.monotonic() - began:.0f} s")
    assert wrong_outcomes(users, orders) == []
    states = Counter(order["state"] for _, order in orders)
    assert states == {"authorized": ORDERS * 2 // 5, "rejected": ORDERS * 3 // 5}
    assert violations_at_rest(project) == []
    record_property("summary", ", ".join(durations))


def test_each_service_stops_cleanly_afterwards(project_with_fixed_ports):
    project = project_with_fixed_ports
    for service in BUILT:
        project.stop(service)
    codes = {service: project.container(service).attrs["State"]["ExitCode"] for service in BUILT}
    assert codes == dict.fromkeys(BUILT, 0)


def place_orders_during(fault, service, project, api, users):
    """Place orders of every user, with the fault once a third is accepted.

    Returns each order's user and the order in its resting or terminal state.
    """
    names = [users[number % len(users)] for number in range(ORDERS // len(FAULTS))]
    with ThreadPoolExecutor(CLIENTS) as clients:
        posts = [clients.submit(post_order, api, name) for name in names]
        eventually(lambda: sum(post.done() for post in posts), lambda done: done >= len(posts) // 3)
        struck = datetime.now(UTC).isoformat()
        fault(project, service)
        project.await_healthy(service)
        orders = [post.result() for post in posts]
        outcomes = list(
            clients.map(lambda order: wait_for_outcome(api, order, OUTCOME_SECONDS), orders)
        )
    interrupted = [
        order for order in outcomes if order["created_at"] < struck < order["updated_at"]
    ]
    assert interrupted, "no order was under way"
    return list(zip(names, outcomes, strict=True))


def elapse(seconds):
    """Return after `seconds`."""
    end = time.monotonic() + seconds
    eventually(time.monotonic, lambda now: now >= end, seconds)
