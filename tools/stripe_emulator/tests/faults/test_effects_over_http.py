"""The particular effects of each fault over HTTP; `test_table.py` has the common ones."""

import asyncio
import time
from typing import Any

import httpx
import pytest
import stripe

KEY: Any = {"idempotency_key": "k"}


async def until(condition: Any) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0)


def test_500_after_execution_is_kept(client: stripe.StripeClient, hold: Any, arm: Any, ledger: Any):
    arm("status_500_after")
    for _ in range(2):
        with pytest.raises(stripe.APIError) as failed:
            client.v1.payment_intents.create(hold(metadata={"saga_id": "s"}), KEY)
    assert failed.value.headers["idempotent-replayed"] == "true"
    (line,) = ledger().payment_intents
    assert line["held"] == 1299
    found = client.v1.payment_intents.search({"query": "metadata['saga_id']:'s'"}).data
    assert [item.id for item in found] == [line["id"]]


@pytest.mark.parametrize("kind", ["hang", "timeout_after"])
async def test_no_response_before_and_after_execution(
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


def test_missing_response_ends_with_a_reset(client: stripe.StripeClient, hold: Any, arm: Any):
    arm("hang", seconds=0.1)
    with pytest.raises(stripe.APIConnectionError):
        client.v1.payment_intents.create(hold())


@pytest.mark.parametrize(
    ("options", "code", "reason"),
    [
        ({}, "rate_limit", "global-rate"),
        ({"reason": "endpoint-concurrency"}, "rate_limit", "endpoint-concurrency"),
        ({"code": "lock_timeout"}, "lock_timeout", None),
    ],
)
def test_both_forms_of_429(  # noqa: PLR0913, PLR0917
    client: stripe.StripeClient, hold: Any, arm: Any, options: Any, code: str, reason: str | None
):
    arm("429", count=2, retry_after_seconds=3, **options)
    for _ in range(2):
        with pytest.raises(stripe.RateLimitError) as refused:
            client.v1.payment_intents.create(hold())
        assert refused.value.http_status == 429
        assert refused.value.json_body["error"]["code"] == code
        assert refused.value.headers.get("stripe-rate-limited-reason") == reason
        assert refused.value.headers["retry-after"] == "3"
    assert client.v1.payment_intents.create(hold()).status == "requires_capture"


def test_409_is_idempotency_key_in_use(client: stripe.StripeClient, hold: Any, arm: Any):
    arm("409")
    with pytest.raises(stripe.StripeError) as refused:
        client.v1.payment_intents.create(hold(), KEY)
    assert refused.value.http_status == 409
    assert refused.value.error.code == "idempotency_key_in_use"


@pytest.mark.parametrize(
    ("kind", "should_retry", "tries"),
    [("429", None, 1), ("429", True, 2), ("status_500_after", False, 1), ("409", False, 1)],
)
def test_sdk_obeys_stripe_should_retry(  # noqa: PLR0913, PLR0917
    client: stripe.StripeClient,
    arm: Any,
    http: Any,
    kind: str,
    should_retry: bool | None,
    tries: int,
):
    arm(kind, endpoint="POST /v1/customers", probability=1, should_retry=should_retry)
    with pytest.raises(stripe.StripeError) as failed:
        client.v1.customers.create({}, {"max_network_retries": 1})
    told = None if should_retry is None else str(should_retry).lower()
    assert failed.value.headers.get("stripe-should-retry") == told
    assert len(http.get("/_emulator/faults").json()["log"]) == tries


def test_truncated_response_has_complete_headers(http: Any, arm: Any):
    arm("truncated", endpoint="POST /v1/customers", should_retry=True)
    received: list[bytes] = []
    with http.stream("POST", "/v1/customers") as answer, pytest.raises(httpx.TransportError):
        received.extend(answer.iter_raw())
    whole = http.get(f"/_emulator/requests/{answer.headers['request-id']}").json()["response_body"]
    assert answer.status_code == 200
    assert answer.headers["stripe-should-retry"] == "true"
    assert int(answer.headers["content-length"]) == len(whole)
    assert b"".join(received).decode() == whole[: len(whole) // 2]


def test_latency_delays_the_response(client: stripe.StripeClient, hold: Any, arm: Any):
    arm("latency", seconds=0.05)
    assert client.v1.payment_intents.create(hold()).status == "requires_capture"


def test_fault_withholds_a_replay_and_keeps_it(
    client: stripe.StripeClient, hold: Any, arm: Any, ledger: Any
):
    made = client.v1.payment_intents.create(hold(), KEY)
    arm("status_500_after")
    with pytest.raises(stripe.APIError):
        client.v1.payment_intents.create(hold(), KEY)
    assert client.v1.payment_intents.create(hold(), KEY).id == made.id
    assert len(ledger().payment_intents) == 1


async def test_reset_during_a_delay_discards_the_request(
    async_client: stripe.StripeClient, hold: Any, arm: Any, http: Any, ledger: Any
):
    arm("latency", seconds=0.2)
    late = asyncio.create_task(async_client.v1.payment_intents.create_async(hold(), KEY))
    await until(lambda: ledger().idempotency_keys)
    assert http.post("/_emulator/reset").status_code == 204
    with pytest.raises(stripe.APIConnectionError):
        await late
    assert not ledger().payment_intents


def test_fault_applies_after_the_skipped_calls(
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
