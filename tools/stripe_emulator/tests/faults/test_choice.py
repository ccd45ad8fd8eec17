"""Which calls a fault hits: by count, by number, by chance."""

import itertools
from typing import Any

import pytest
from stripe_emulator.faults.armed import Faults
from stripe_emulator.faults.fault import Fault
from stripe_emulator.faults.scenario import Scenario
from stripe_emulator.settings import Settings

CREATE = "POST /v1/payment_intents"


def armed(*faults: Fault, seed: int = 7, **settings: Any) -> Faults:
    return Faults(Settings(scenario=Scenario(seed=seed, faults=list(faults)), **settings))


def fault(kind: Any = "reset", endpoint: str = CREATE, **options: Any) -> Fault:
    return Fault(kind=kind, endpoint=endpoint, **options)


def hits(faults: Faults, calls: int, kind: str = "reset", request: str = CREATE) -> list[int]:
    """The numbers of the calls that a fault of this kind hits."""
    taken = [faults.take(*request.split()) for _ in range(calls)]
    return [at for at, each in enumerate(taken, 1) if each and each.kind == kind]


def test_without_a_choice_the_next_call_is_hit():
    faults = armed(fault())
    assert hits(faults, 5) == [1]
    assert not faults.armed


def test_count_and_skip():
    assert hits(armed(fault(count=2, skip=3)), 9) == [4, 5]


def test_the_numbers_of_calls():
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


def test_a_chance_has_no_end_unless_it_is_counted():
    faults = armed(fault(probability=1))
    assert hits(faults, 50) == list(range(1, 51))
    assert faults.armed
    assert hits(armed(fault(probability=1, count=2, skip=1)), 50) == [2, 3]
    assert hits(armed(fault(probability=0)), 50) == []


def test_a_chance_hits_about_as_often_as_it_says():
    assert 240 < len(hits(armed(fault(probability=0.3)), 1_000)) < 360


def test_the_same_seed_and_requests_give_the_same_faults():
    def history(seed: int) -> Any:
        faults = armed(fault(probability=0.3), fault("429", "* /v1/*", probability=0.2), seed=seed)
        requests = itertools.islice(itertools.cycle([CREATE, "GET /v1/charges"]), 200)
        for number, request in enumerate(requests):
            faults.take(*request.split(), f"req_{number}")
        return faults.log

    assert history(1) == history(1)
    assert history(1) != history(2)


@pytest.mark.parametrize("at", [0, 1])
def test_arming_one_fault_shifts_no_other(at: int):
    alone = fault(probability=0.3)
    both = [alone]
    both.insert(at, fault("429", "POST *", calls=[1_000]))
    assert hits(armed(*both), 200) == hits(armed(alone), 200)


def test_two_faults_of_one_kind_and_endpoint_do_not_hit_the_same_calls():
    faults = armed(fault(probability=0.5), fault(probability=0.5))
    assert len(hits(faults, 400)) > 260


def test_a_request_suffers_the_first_fault_that_is_due_and_the_next_waits():
    faults = armed(fault(), fault(kind="hang"))
    taken = [faults.take("POST", "/v1/payment_intents") for _ in range(3)]
    assert [each and each.kind for each in taken] == ["reset", "hang", None]


def test_without_a_seed_one_is_drawn_and_told(http: Any, running: Any):
    seeds = {Faults(Settings()).seed for _ in range(5)}
    assert len(seeds) == 5
    assert http.get("/_emulator/faults").json()["seed"] == running.emulator.faults.seed


def test_the_log_forgets_the_oldest():
    faults = armed(fault(probability=1), fault_log_size=3)
    hits(faults, 10)
    assert [entry["call"] for entry in faults.log] == [8, 9, 10]


def test_webhooks_and_requests_have_faults_of_their_own():
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


def test_webhooks_are_matched_by_the_type_of_the_event():
    faults = armed(Fault(kind="webhook_twice", endpoint="WEBHOOK payment_intent.*"))
    assert faults.take("WEBHOOK", "charge.refunded") is None
    taken = faults.take("WEBHOOK", "payment_intent.canceled")
    assert taken is not None
    assert taken.kind == "webhook_twice"
