"""Faults: what the caller sees of each, and what was done to the money."""

import asyncio
from typing import Any

import pytest
import stripe

KEY: Any = {"idempotency_key": "k"}


def test_a_500_before_the_work_left_nothing_behind(
    client: stripe.StripeClient, hold: Any, arm: Any, ledger: Any
):
    arm("status_500_before")
    with pytest.raises(stripe.APIError) as failed:
        client.v1.payment_intents.create(hold(), KEY)
    assert failed.value.http_status == 500
    assert not ledger().payment_intents
    assert client.v1.payment_intents.create(hold(), KEY).status == "requires_capture"


def test_a_500_after_the_work_is_kept_though_the_money_is_held(
    client: stripe.StripeClient, hold: Any, arm: Any, ledger: Any
):
    arm("status_500_after")
    for _ in range(2):
        with pytest.raises(stripe.APIError) as failed:
            client.v1.payment_intents.create(hold(metadata={"saga_id": "s"}), KEY)
    assert failed.value.headers["idempotent-replayed"] == "true"
    (line,) = ledger().payment_intents
    assert line["held"] == 1299
    found = client.v1.payment_intents.search({"query": "metadata['saga_id']:'s'"}).data
    assert [item.id for item in found] == [line["id"]]


def test_a_500_after_the_work_that_is_not_kept_heals_with_the_same_key(
    client: stripe.StripeClient, hold: Any, arm: Any, ledger: Any
):
    arm("status_500_after", kept=False)
    with pytest.raises(stripe.APIError):
        client.v1.payment_intents.create(hold(), KEY)
    assert client.v1.payment_intents.create(hold(), KEY).status == "requires_capture"
    assert len(ledger().payment_intents) == 1


def test_a_kept_500_before_the_work_is_given_again(
    client: stripe.StripeClient, hold: Any, arm: Any, ledger: Any
):
    arm("status_500_before", kept=True)
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            client.v1.payment_intents.create(hold(), KEY)
    assert not ledger().payment_intents


@pytest.mark.parametrize("kind", ["reset", "reset_after"])
def test_a_reset_connection_before_and_after_the_work(
    client: stripe.StripeClient, hold: Any, arm: Any, ledger: Any, kind: str
):
    arm(kind)
    with pytest.raises(stripe.APIConnectionError, match=r"reset|aborted"):
        client.v1.payment_intents.create(hold(), KEY)
    assert len(ledger().payment_intents) == kind.endswith("_after")
    made = client.v1.payment_intents.create(hold(), KEY)
    assert [line["id"] for line in ledger().payment_intents] == [made.id]


@pytest.mark.parametrize("kind", ["hang", "timeout_after"])
async def test_silence_before_and_after_the_work(
    async_client: stripe.StripeClient, hold: Any, arm: Any, ledger: Any, kind: str
):
    arm(kind)
    create = async_client.v1.payment_intents.create_async
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await create(hold(), KEY)
    assert len(ledger().payment_intents) == kind.endswith("_after")
    made = await create(hold(), KEY)
    assert [line["id"] for line in ledger().payment_intents] == [made.id]


def test_silence_ends_with_a_reset(client: stripe.StripeClient, hold: Any, arm: Any):
    arm("hang", seconds=0.1)
    with pytest.raises(stripe.APIConnectionError):
        client.v1.payment_intents.create(hold())


@pytest.mark.parametrize("code", ["rate_limit", "lock_timeout"])
def test_both_forms_of_429(client: stripe.StripeClient, hold: Any, arm: Any, code: str):
    arm("429", code=code, count=2)
    for _ in range(2):
        with pytest.raises(stripe.RateLimitError) as refused:
            client.v1.payment_intents.create(hold())
        assert refused.value.http_status == 429
        assert refused.value.json_body["error"]["code"] == code
    assert client.v1.payment_intents.create(hold()).status == "requires_capture"


def test_latency_is_waited_for(client: stripe.StripeClient, hold: Any, arm: Any):
    arm("latency", seconds=0.05)
    assert client.v1.payment_intents.create(hold()).status == "requires_capture"


def test_a_fault_hits_its_endpoint_from_a_call_on(
    client: stripe.StripeClient, hold: Any, arm: Any, http: Any
):
    arm("429", endpoint="POST /v1/*/capture", skip=1)
    held = [client.v1.payment_intents.create(hold()).id for _ in range(3)]
    client.v1.payment_intents.capture(held[0])
    with pytest.raises(stripe.RateLimitError) as refused:
        client.v1.payment_intents.capture(held[1])
    client.v1.payment_intents.capture(held[2])
    faults = http.get("/_emulator/faults").json()
    assert faults["armed"] == []
    (hit,) = faults["log"]
    assert (hit["kind"], hit["request_id"]) == ("429", refused.value.request_id)
    assert http.get(f"/_emulator/requests/{hit['request_id']}").json()["fault"] == "429"


def test_faults_can_be_disarmed(client: stripe.StripeClient, hold: Any, arm: Any, http: Any):
    arm("429", count=5)
    assert len(http.get("/_emulator/faults").json()["armed"]) == 1
    assert http.delete("/_emulator/faults").status_code == 204
    assert client.v1.payment_intents.create(hold()).status == "requires_capture"


@pytest.mark.parametrize(
    "fault", [{"kind": "flood"}, {"kind": "hang", "count": 0}, {"kind": "hang", "x": 1}]
)
def test_a_fault_that_is_not_known_is_refused(http: Any, fault: Any):
    assert http.post("/_emulator/faults", json=fault).status_code == 422
