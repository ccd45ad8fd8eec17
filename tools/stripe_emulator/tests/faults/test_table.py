"""Every kind of fault with both SDKs: response, money and idempotency key."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeAlias, get_args

import aiohttp
import pytest
import stripe
from stripe_emulator.faults.kinds import TRAITS, ApiKind, Kind, WebhookKind

KEY: Any = {"idempotency_key": "k"}
SHORT = 0.2


class Row(NamedTuple):
    kind: str
    seen: int | None  # the status; None is a broken connection
    made: int
    under_the_key: list[int | None]  # the status that is kept; none: the key never arrived
    options: dict[str, Any] = {}  # noqa: RUF012


ROWS = [
    Row("latency", 200, 1, [200], {"seconds": SHORT}),
    Row("status_500_before", 500, 0, [None]),
    Row("status_500_before", 500, 0, [500], {"kept": True}),
    Row("status_500_after", 500, 1, [500]),
    Row("status_500_after", 500, 1, [200], {"kept": False}),
    Row("timeout_after", None, 1, [200], {"seconds": SHORT}),
    Row("reset", None, 0, []),
    Row("reset_after", None, 1, [200]),
    Row("truncated", None, 1, [200]),
    Row("hang", None, 0, [], {"seconds": SHORT}),
    Row("409", 409, 0, []),
    Row("429", 429, 0, []),
    Row("429", 429, 0, [], {"code": "lock_timeout"}),
]
EACH_ROW = pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.kind}-{row.under_the_key}")


async def status_of(call: Callable[[], Awaitable[Any]]) -> int | None:
    try:
        return (await call()).last_response.code
    except (stripe.APIConnectionError, aiohttp.ClientPayloadError):
        return None
    except stripe.StripeError as error:
        return error.http_status


Check: TypeAlias = Callable[[Row, Callable[[], Awaitable[Any]]], Awaitable[None]]


@pytest.fixture
def check(arm: Any, ledger: Any, http: Any) -> Check:
    """Apply a fault to the first of two equal calls and check the state after each."""

    async def check(row: Row, call: Callable[[], Awaitable[Any]]) -> None:
        arm(row.kind, **row.options)
        assert await status_of(call) == row.seen
        assert [intent["held"] for intent in ledger().payment_intents] == [1299] * row.made
        assert [key["status"] for key in ledger().idempotency_keys] == row.under_the_key
        (hit,) = http.get("/_emulator/faults").json()["log"]
        logged = http.get(f"/_emulator/requests/{hit['request_id']}").json()
        assert (logged["fault"], hit["kind"], hit["call"]) == (row.kind, row.kind, 1)
        assert hit["endpoint"] == "POST /v1/payment_intents"

        assert await status_of(call) == (500 if row.under_the_key == [500] else 200)
        kept = row.under_the_key in ([200], [500])
        assert len(ledger().payment_intents) == (row.made if kept else 1)

    return check


@EACH_ROW
async def test_effects_of_each_fault_on_a_caller(
    client: stripe.StripeClient, row: Row, hold: Any, check: Check
):
    async def call() -> Any:
        return client.v1.payment_intents.create(hold(), KEY)

    await check(row, call)


@EACH_ROW
async def test_effects_of_each_fault_on_an_asynchronous_caller(
    async_client: stripe.StripeClient, row: Row, hold: Any, check: Check
):
    await check(row, lambda: async_client.v1.payment_intents.create_async(hold(), KEY))


def test_table_is_complete():
    assert {row.kind for row in ROWS} == set(TRAITS) == set(get_args(ApiKind))
    assert set(get_args(Kind)) == {*get_args(ApiKind), *get_args(WebhookKind)}
