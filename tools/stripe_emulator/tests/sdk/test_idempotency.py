"""Idempotency keys, through the SDK."""

import asyncio
import time
from typing import Any

import pytest
import stripe
from stripe_emulator.account.clock import Clock

HOUR = 3600


async def until(condition: Any) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0)


def replayed(answer: Any) -> bool:
    return answer.last_response.headers.get("idempotent-replayed") == "true"


def test_same_key_returns_the_same_response(client: stripe.StripeClient, hold: Any, ledger: Any):
    first = client.v1.payment_intents.create(hold(), {"idempotency_key": "k"})
    again = client.v1.payment_intents.create(hold(), {"idempotency_key": "k"})
    assert again.to_dict() == first.to_dict()
    assert (replayed(first), replayed(again)) == (False, True)
    assert again.last_response.headers["original-request"] == first.last_response.request_id
    assert again.last_response.request_id != first.last_response.request_id
    assert len(ledger().payment_intents) == 1
    (key,) = ledger().idempotency_keys
    assert (key["key"], list(key["digests"].values())) == ("k", [2])


def test_order_of_the_parameters_does_not_matter(http: Any):
    headers = {"Idempotency-Key": "k", "Content-Type": "application/x-www-form-urlencoded"}
    bodies = ("amount=100&currency=usd&metadata[a]=1", "metadata%5Ba%5D=1&currency=usd&amount=100")
    first, again = (
        http.post("/v1/payment_intents", content=body, headers=headers) for body in bodies
    )
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"


def test_same_key_with_other_parameters_is_refused(
    client: stripe.StripeClient, hold: Any, ledger: Any
):
    client.v1.payment_intents.create(hold(), {"idempotency_key": "k"})
    for call in (
        lambda: client.v1.payment_intents.create(hold(amount=1300), {"idempotency_key": "k"}),
        lambda: client.v1.customers.create({}, {"idempotency_key": "k"}),
    ):
        with pytest.raises(stripe.IdempotencyError) as refused:
            call()
        assert refused.value.http_status == 400
        assert refused.value.error.type == "idempotency_error"
    assert "('/v1/payment_intents' vs '/v1/customers')" in str(refused.value)
    (key,) = ledger().idempotency_keys
    assert len(key["digests"]) == 3
    assert len(ledger().payment_intents) == 1


async def test_key_of_a_request_in_progress_is_409(
    async_client: stripe.StripeClient, hold: Any, arm: Any, running: Any
):
    arm("latency", seconds=1)
    create = async_client.v1.payment_intents.create_async
    first = asyncio.create_task(create(hold(), {"idempotency_key": "k"}))
    await until(lambda: list(running.emulator.keys))
    with pytest.raises(stripe.StripeError) as refused:
        await create(hold(), {"idempotency_key": "k"})
    assert refused.value.http_status == 409
    assert refused.value.error.code == "idempotency_key_in_use"
    done = await first
    again = await create(hold(), {"idempotency_key": "k"})
    assert (again.id, replayed(again)) == (done.id, True)


def test_authentication_and_rate_limit_errors_are_not_kept(
    client: stripe.StripeClient, hold: Any, arm: Any, running: Any
):
    with pytest.raises(stripe.AuthenticationError):
        client.v1.payment_intents.create(hold(), {"idempotency_key": "k", "api_key": "nonsense"})
    arm("429")
    with pytest.raises(stripe.RateLimitError):
        client.v1.payment_intents.create(hold(), {"idempotency_key": "k"})
    assert not list(running.emulator.keys)
    assert not replayed(client.v1.payment_intents.create(hold(), {"idempotency_key": "k"}))


def test_key_is_forgotten_after_24_hours(
    client: stripe.StripeClient, hold: Any, clock: Clock, ledger: Any
):
    first = client.v1.payment_intents.create(hold(), {"idempotency_key": "k"})
    clock.advance(24 * HOUR - 1)
    assert replayed(client.v1.payment_intents.create(hold(), {"idempotency_key": "k"}))
    clock.advance(1)
    other = client.v1.payment_intents.create(hold(amount=1300), {"idempotency_key": "k"})
    assert (other.id == first.id, replayed(other)) == (False, False)
    (key,) = ledger().idempotency_keys
    assert sorted(key["digests"].values()) == [1, 2]


def test_only_post_uses_its_idempotency_key(http: Any):
    for _ in range(2):
        answer = http.get("/v1/customers", headers={"Idempotency-Key": "k"})
        assert "idempotent-replayed" not in answer.headers
