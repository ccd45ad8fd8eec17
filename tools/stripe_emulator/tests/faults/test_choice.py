"""The calls to which a fault applies: by count, by number, by probability."""

import itertools
from typing import Any

import pytest
from stripe_emulator.faults.armed import ArmedFaults
from stripe_emulator.faults.fault import Fault

CREATE = "POST /v1/payment_intents"


def armed(*faults: Fault, seed: int = 7, **options: Any) -> ArmedFaults:
    return ArmedFaults(faults, seed, **options)


def fault(kind: Any = "reset", endpoint: str = CREATE, **options: Any) -> Fault:
    return Fault(kind=kind, endpoint=endpoint, **options)


def hits(faults: ArmedFaults, calls: int, kind: str = "reset", request: str = CREATE) -> list[int]:
    """Return the numbers of the calls to which a fault of this kind applies."""
    taken = [faults.take(*request.split()) for _ in range(calls)]
    return [at for at, each in enumerate(taken, 1) if each and each.kind == kind]


def test_fault_applies_to_the_next_call_by_default():
    faults = armed(fault())
    assert hits(faults, 5) == [1]
    assert not faults.armed


def test_count_and_skip_select_calls():
    assert hits(armed(fault(count=2, skip=3)), 9) == [4, 5]


def test_numbers_select_calls():
    faults = armed(fault(calls=[4, 1]))
    assert hits(faults, 3) == [1]
    assert faults.armed
    assert hits(faults, 3) == [1]
    assert not faults.armed


def test_only_the_calls_of_the_endpoint_are_counted():
    faults = armed(fault(calls=[2]), fault(kind="hang", endpoint="GET /v1/*", calls=[2]))
    assert hits(faults, 1) == []
    assert hits(faults, 2, "hang", "GET /v1/charges/ch_1") == [2]
    assert hits(faults, 1) == [1]


def test_probability_without_count_never_ends():
    faults = armed(fault(probability=1))
    assert hits(faults, 50) == list(range(1, 51))
    assert faults.armed
    assert hits(armed(fault(probability=1, count=2, skip=1)), 50) == [2, 3]
    assert hits(armed(fault(probability=0)), 50) == []


def test_probability_matches_the_frequency_of_hits():
    assert 240 < len(hits(armed(fault(probability=0.3)), 1_000)) < 360


def test_same_seed_and_requests_give_the_same_faults():
    def history(seed: int) -> Any:
        faults = armed(fault(probability=0.3), fault("429", "* /v1/*", probability=0.2), seed=seed)
        requests = itertools.islice(itertools.cycle([CREATE, "GET /v1/charges"]), 200)
        for number, request in enumerate(requests):
            faults.take(*request.split(), f"req_{number}")
        return faults.log

    assert history(1) == history(1)
    assert history(1) != history(2)


@pytest.mark.parametrize("at", [0, 1])
def test_arming_a_fault_does_not_affect_others(at: int):
    alone = fault(probability=0.3)
    both = [alone]
    both.insert(at, fault("429", "POST *", calls=[1_000]))
    assert hits(armed(*both), 200) == hits(armed(alone), 200)


def test_two_faults_of_one_kind_and_endpoint_do_not_hit_the_same_calls():
    faults = armed(fault(probability=0.5), fault(probability=0.5))
    assert len(hits(faults, 400)) > 260


def test_only_the_first_due_fault_applies_to_a_request():
    faults = armed(fault(), fault(kind="hang"))
    taken = [faults.take("POST", "/v1/payment_intents") for _ in range(3)]
    assert [each and each.kind for each in taken] == ["reset", "hang", None]


def test_missing_seed_is_generated_and_reported(http: Any, running: Any):
    seeds = {ArmedFaults().seed for _ in range(5)}
    assert len(seeds) == 5
    assert http.get("/_emulator/faults").json()["seed"] == running.emulator.faults.seed


def test_log_drops_the_oldest_hits():
    faults = armed(fault(probability=1), log_size=3)
    hits(faults, 10)
    assert [entry["call"] for entry in faults.log] == [8, 9, 10]


def test_webhook_faults_do_not_apply_to_requests():
    faults = armed(
        Fault(kind="reset", count=9),
        Fault(kind="webhook_lost", count=9),
        Fault(kind="webhook_late", endpoint="WEBHOOK payment_intent.*", seconds=5, count=9),
    )
    request = faults.take("POST", "/v1/refunds", "req_1")
    lost = faults.take("WEBHOOK", "charge.refunded", "evt_1")
    assert (request and request.kind, lost and lost.kind) == ("reset", "webhook_lost")
    assert [dict(entry) for entry in faults.log] == [
        {"request_id": "req_1", "endpoint": "POST /v1/refunds", "kind": "reset", "call": 1}
        | {"fault": 1},
        {"event_id": "evt_1", "endpoint": "WEBHOOK charge.refunded", "kind": "webhook_lost"}
        | {"call": 1, "fault": 2},
    ]


def test_webhook_faults_match_the_event_type():
    faults = armed(Fault(kind="webhook_twice", endpoint="WEBHOOK payment_intent.*"))
    assert faults.take("WEBHOOK", "charge.refunded") is None
    taken = faults.take("WEBHOOK", "payment_intent.canceled")
    assert taken is not None
    assert taken.kind == "webhook_twice"
