"""The rate limit, on a clock that the test moves."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import stripe
from stripe_emulator.faults.rate_limit import RateLimit, RateLimiter
from stripe_emulator.settings import Settings
from stripe_emulator.testing import RunningEmulator, running_emulator


class Seconds:
    """Seconds that pass on request."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def running(seconds: Seconds) -> Iterator[RunningEmulator]:
    with running_emulator(Settings(monotonic=seconds, rate_limit_per_second=25)) as running:
        yield running


def reasons(client: stripe.StripeClient, calls: int) -> list[str | None]:
    found: list[str | None] = []
    for _ in range(calls):
        try:
            client.v1.customers.create({}, {"idempotency_key": "k"})
        except stripe.RateLimitError as error:
            found.append(error.headers["stripe-rate-limited-reason"])
        else:
            found.append(None)
    return found


def test_25_requests_per_second_pass(client: stripe.StripeClient, seconds: Seconds):
    assert reasons(client, 27) == [None] * 25 + ["endpoint-rate"] * 2
    seconds.now = 0.99
    assert reasons(client, 1) == ["endpoint-rate"]
    seconds.now = 1.0
    assert reasons(client, 26) == [None] * 25 + ["endpoint-rate"]


def test_account_has_its_own_limit(
    client: stripe.StripeClient, http: httpx.Client, seconds: Seconds
):
    limit = {"per_second": 3, "endpoint_per_second": 2}
    assert http.put("/_emulator/rate_limit", json=limit).json() == limit
    client.v1.charges.list()
    client.v1.customers.create()
    client.v1.charges.list()
    assert reasons(client, 1) == ["global-rate"]
    seconds.now = 1.0
    assert reasons(client, 3) == [None, None, "endpoint-rate"]


def test_all_ids_of_an_endpoint_share_its_limit(http: httpx.Client):
    http.put("/_emulator/rate_limit", json={"per_second": 9, "endpoint_per_second": 1})
    answers = [http.get(f"/v1/customers/cus_{number}") for number in range(2)]
    assert [answer.status_code for answer in answers] == [404, 429]
    assert http.get("/v1/payment_intents/search", params={"query": "amount:1"}).status_code == 200
    assert http.get("/v1/payment_intents/pi_1").status_code == 404
    assert http.get("/v1/nothing").status_code == 404


def test_refused_request_is_not_executed_and_is_logged(
    client: stripe.StripeClient, http: httpx.Client, ledger: Any
):
    http.put("/_emulator/rate_limit", json={"per_second": 1})
    client.v1.customers.create({}, {"idempotency_key": "k"})
    with pytest.raises(stripe.RateLimitError) as refused:
        client.v1.customers.create({}, {"idempotency_key": "k"})
    assert refused.value.error.code == "rate_limit"
    (key,) = ledger().idempotency_keys
    assert list(key["digests"].values()) == [1]
    (hit,) = http.get("/_emulator/faults").json()["log"]
    assert http.get(f"/_emulator/requests/{hit.pop('request_id')}").json()["fault"] == "rate_limit"
    expected = {"endpoint": "POST /v1/customers", "kind": "rate_limit", "call": 2}
    assert hit == {**expected, "reason": "endpoint-rate"}


def test_request_with_a_fault_is_not_counted(client: stripe.StripeClient, http: httpx.Client):
    http.put("/_emulator/rate_limit", json={"per_second": 1})
    http.post("/_emulator/faults", json={"kind": "429", "reason": "resource-specific"})
    assert reasons(client, 3) == ["resource-specific", None, "endpoint-rate"]


def test_removed_limit_is_restored_by_a_reset(client: stripe.StripeClient, http: httpx.Client):
    assert http.get("/_emulator/rate_limit").json()["per_second"] == 25
    http.delete("/_emulator/rate_limit")
    assert http.get("/_emulator/rate_limit").json() is None
    assert reasons(client, 30) == [None] * 30
    http.post("/_emulator/reset")
    assert reasons(client, 26)[-1] == "endpoint-rate"


@pytest.mark.parametrize(
    "limit", [{}, {"per_second": 0}, {"per_second": 1.5}, {"per_second": 1, "per_hour": 1}]
)
def test_invalid_limit_is_refused(http: httpx.Client, limit: Any):
    assert http.put("/_emulator/rate_limit", json=limit).status_code == 422


def test_no_second_has_more_than_the_limit(seconds: Seconds):
    limiter = RateLimiter(RateLimit(per_second=4), seconds)
    passed: list[float] = []
    for tick in range(200):
        seconds.now = tick / 16
        if limiter.refusal("GET /v1/charges") is None:
            passed.append(seconds.now)
    assert len(passed) == 4 * 13
    assert all(sum(1 for each in passed if start <= each < start + 1) <= 4 for start in passed)
