"""Invalid faults are refused with the name of the field."""

from typing import Any

import pytest
from stripe_emulator.faults.fault import Fault
from stripe_emulator.faults.kinds import TRAITS

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"kind": "flood"}, "kind"),
    ({"kind": "reset", "colour": "red"}, "colour"),
    ({"kind": "reset", "count": 0}, "count"),
    ({"kind": "reset", "count": "3"}, "count"),
    ({"kind": "reset", "skip": -1}, "skip"),
    ({"kind": "reset", "probability": 1.1}, "probability"),
    ({"kind": "reset", "probability": -0.1}, "probability"),
    ({"kind": "reset", "calls": []}, "calls"),
    ({"kind": "reset", "calls": [0]}, "calls"),
    ({"kind": "reset", "calls": [1], "count": 1}, "count"),
    ({"kind": "reset", "calls": [1], "skip": 1}, "skip"),
    ({"kind": "reset", "calls": [1], "probability": 0}, "probability"),
    ({"kind": "hang", "seconds": 0}, "seconds"),
    ({"kind": "reset", "kept": True}, "kept"),
    ({"kind": "status_500_after", "code": "rate_limit"}, "code"),
    ({"kind": "409", "code": "lock_timeout"}, "code"),
    ({"kind": "429", "code": "lock_timeout", "reason": "global-rate"}, "reason"),
    ({"kind": "429", "reason": "boredom"}, "reason"),
    ({"kind": "409", "reason": "global-rate"}, "reason"),
    ({"kind": "429", "kept": True}, "kept"),
    ({"kind": "hang", "should_retry": True}, "should_retry"),
    ({"kind": "latency", "retry_after_seconds": 1}, "retry_after_seconds"),
    ({"kind": "reset", "endpoint": "WEBHOOK *"}, "endpoint"),
    ({"kind": "reset", "endpoint": "PSOT /v1/refunds"}, "endpoint"),
    ({"kind": "reset", "endpoint": "POST"}, "endpoint"),
    ({"kind": "reset", "endpoint": "POST v1/refunds"}, "endpoint"),
    ({"kind": "webhook_lost", "endpoint": "POST /v1/refunds"}, "endpoint"),
    ({"kind": "webhook_lost", "endpoint": "WEBHOOK"}, "endpoint"),
    ({"kind": "webhook_lost", "seconds": 1}, "seconds"),
    ({"kind": "webhook_late", "should_retry": True}, "should_retry"),
]


@pytest.mark.parametrize(("fault", "field"), REFUSED, ids=str)
def test_invalid_fault_is_refused_with_its_field(http: Any, fault: dict[str, Any], field: str):
    refused = http.post("/_emulator/faults", json=fault)
    assert refused.status_code == 422
    (problem,) = refused.json()["detail"]
    assert field in problem["loc"] or f"{field}:" in problem["msg"]
    assert not http.get("/_emulator/faults").json()["armed"]


@pytest.mark.parametrize("endpoint", ["*", "* /v1/*", "POST /v1/refunds", "[GP]* /v1/*", "POST *"])
def test_endpoint_may_have_wildcards(http: Any, endpoint: str):
    armed = http.post("/_emulator/faults", json={"kind": "reset", "endpoint": endpoint})
    assert armed.json()["endpoint"] == endpoint


def test_defaults_are_returned(http: Any):
    told = http.post("/_emulator/faults", json={"kind": "429", "calls": [3]}).json()
    assert told == {
        "id": 1,
        "calls_seen": 0,
        "hits": 0,
        "kind": "429",
        "endpoint": "*",
        "calls": [3],
        "skip": 0,
        "code": "rate_limit",
        "reason": "global-rate",
    }


@pytest.mark.parametrize("kind", [*TRAITS, "webhook_late", "webhook_twice"])
@pytest.mark.parametrize("choice", [{}, {"calls": [2]}, {"probability": 0.5}])
def test_serialized_fault_reads_the_same(kind: Any, choice: dict[str, Any]):
    fault = Fault(kind=kind, **choice)
    assert Fault.model_validate(fault.as_json()) == fault
