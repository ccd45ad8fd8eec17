"""docker-compose.yml as `docker compose config` resolves it; no container runs."""

import pytest
from saga_stack.services import EMULATOR, KAFKA, POSTGRES, SERVICES

ALWAYS = {KAFKA, POSTGRES, *SERVICES, EMULATOR, "migrate"}
OPTIONAL = {"tools": "kafka-ui", "stripe": "stripe-cli"}
PROFILES = [(), ("tools",), ("stripe",), ("tools", "stripe")]


@pytest.mark.parametrize("profiles", PROFILES, ids="+".join)
def test_file_is_valid_and_every_port_is_published_on_loopback(compose, profiles):
    services = compose.config(*profiles)["services"]
    assert services.keys() == ALWAYS | {OPTIONAL[profile] for profile in profiles}
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}


def test_emulator_is_not_started_when_stripe_itself_is_used(compose):
    config = compose.config("stripe", EMULATORS="0")
    assert config["services"][EMULATOR]["scale"] == 0
