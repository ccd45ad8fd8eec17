"""The end-to-end tests of the whole system, through the published ports of its containers."""

import time

import httpx
import pytest
from support.suites import run_suites

# The suite that leaves dead letters comes last, as the others check that there are none.
SUITES = ("test_cards.py", "test_order_lifecycle.py", "test_raw_kafka.py")
SUITE_SECONDS = 400
REPLICAS = [{"payment": 1, "order_saga": 1}, {"payment": 3, "order_saga": 2}]


@pytest.fixture(params=REPLICAS, ids=lambda replicas: f"payment={replicas['payment']}")
def replicated(request, running):
    """Return the project and the number of replicas of each service."""
    with running(**request.param) as project:
        yield project, request.param


def test_suites_pass(compose, replicated, record_property):
    project, replicas = replicated
    assert ready_replicas(project, replicas) == replicas
    began = time.monotonic()
    environment = {
        **compose.engine.environment,
        "DOCKER_HOST": compose.engine.host,
        "TEST_COMPOSE_PROJECT": project.name,
    }
    report = run_suites(SUITES, environment, SUITE_SECONDS)
    record_property("summary", f"{report.summary} ({time.monotonic() - began:.0f} s)")


def ready_replicas(project, replicas):
    """Return how many replicas of each service are ready, each at an address of its own."""
    urls = {
        service: {project.url(service, number + 1) for number in range(count)}
        for service, count in replicas.items()
    }
    return {
        service: sum(httpx.get(f"{url}/readyz").status_code == 200 for url in found)
        for service, found in urls.items()
    }
