import asyncio

import aiohttp
import pytest
import stripe
from saga_stripe import is_transient

SHOULD_RETRY, SHOULD_NOT = {"stripe-should-retry": "true"}, {"stripe-should-retry": "false"}


def error(status, headers=None, kind=stripe.APIError, **envelope):
    return kind("No.", http_status=status, headers=headers, json_body={"error": envelope})


def invalid(status, headers=None):
    return stripe.InvalidRequestError("No.", None, http_status=status, headers=headers)


def declined(headers=None):
    return stripe.CardError("No.", None, "card_declined", http_status=402, headers=headers)


@pytest.mark.parametrize(
    "lost",
    [
        stripe.APIConnectionError("lost"),
        aiohttp.ClientPayloadError("cut off"),
        aiohttp.ServerDisconnectedError(),
        aiohttp.ClientOSError(),
        aiohttp.ServerTimeoutError(),
        TimeoutError(),
        ConnectionResetError(),
        OSError("no route to host"),
    ],
)
def test_a_lost_connection_is_transient(lost):
    assert is_transient(lost)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_is_transient(status):
    assert is_transient(error(status))


@pytest.mark.parametrize("code", ["rate_limit", "lock_timeout"])
def test_a_rate_limit_is_transient(code):
    assert is_transient(error(429, kind=stripe.RateLimitError, code=code))


def test_an_idempotency_key_in_use_is_transient():
    assert is_transient(error(409, type="idempotency_error", code="idempotency_key_in_use"))


def test_an_idempotency_key_reused_with_another_body_is_not_transient():
    assert not is_transient(error(400, kind=stripe.IdempotencyError, type="idempotency_error"))


def test_an_unreadable_response_is_transient():
    assert is_transient(error(200))


@pytest.mark.parametrize(
    "refusal",
    [
        invalid(400),
        invalid(404),
        declined(),
        error(401, kind=stripe.AuthenticationError),
        error(403, kind=stripe.PermissionError),
    ],
)
def test_a_refusal_is_not_transient(refusal):
    assert not is_transient(refusal)


@pytest.mark.parametrize("refusal", [invalid(400, SHOULD_RETRY), declined(SHOULD_RETRY)])
def test_stripe_may_advise_to_retry_a_refusal(refusal):
    assert is_transient(refusal)


@pytest.mark.parametrize("status", [409, 429, 500, 503])
def test_stripe_may_advise_not_to_retry_a_failure(status):
    assert not is_transient(error(status, SHOULD_NOT))


@pytest.mark.parametrize("status", [400, 500])
def test_unknown_advice_is_ignored(status):
    assert is_transient(error(status, {"stripe-should-retry": "perhaps"})) is (status == 500)


@pytest.mark.parametrize(
    "bug",
    [
        ValueError(),
        KeyError("id"),
        asyncio.CancelledError(),
        stripe.InvalidRequestError("never sent", None),
    ],
)
def test_an_error_of_our_own_is_not_transient(bug):
    assert not is_transient(bug)
