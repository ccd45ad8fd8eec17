"""The lasting effects of faults, without HTTP and without delays."""

import json
from typing import Any

import pytest
from stripe_emulator.account.clock import Clock
from stripe_emulator.control.ledger import ledger
from stripe_emulator.emulator import Emulator
from stripe_emulator.faults.fault import Fault
from stripe_emulator.faults.kinds import TRAITS
from stripe_emulator.http import fault_effects
from stripe_emulator.settings import Settings
from stripe_emulator.wire.messages import Request, Response

CREATE = Request(
    "POST",
    "/v1/payment_intents",
    b"",
    {b"authorization": b"Bearer sk_test_1", b"idempotency-key": b"k", b"host": b"x"},
    b"amount=100&currency=usd&payment_method=pm_card_visa&confirm=true&payment_method_types[]=card",
)


def emulator() -> Emulator:
    return Emulator(Settings(clock=Clock(lambda: 1_800_000_000), seed=1))


def apply_fault(emulator: Emulator, fault: Fault) -> Response | None:
    begun = fault_effects.begin(emulator, fault, CREATE, "req_1")
    return fault_effects.end(emulator, fault, begun, CREATE, "req_1")


@pytest.mark.parametrize("kind", TRAITS)
@pytest.mark.parametrize("kept", [False, True])
def test_serialized_fault_has_the_same_effects(kind: Any, kept: bool):
    fault = Fault(kind=kind, kept=kept if kind.startswith("status_500") else None)
    first, again = emulator(), emulator()
    answer = apply_fault(first, fault)
    written = json.loads(json.dumps(fault.as_json()))
    assert apply_fault(again, Fault.model_validate(written)) == answer
    assert ledger(first.account, first.keys) == ledger(again.account, again.keys)


@pytest.mark.parametrize("kind", TRAITS)
def test_only_a_fault_after_execution_moves_money(kind: Any):
    account = emulator()
    apply_fault(account, Fault(kind=kind))
    moved = sum(intent.amount_received for intent in account.account.payment_intents)
    assert moved == (100 if TRAITS[kind].done else 0)


@pytest.mark.parametrize("kind", TRAITS)
def test_no_fault_leaves_a_key_reserved(kind: Any):
    account = emulator()
    apply_fault(account, Fault(kind=kind))
    again = account.begin(CREATE, "req_2")
    replayed = isinstance(again, Response)
    assert replayed is TRAITS[kind].done
    if isinstance(again, Response):
        assert again.status in {200, 500}
