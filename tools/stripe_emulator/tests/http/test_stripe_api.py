"""The HTTP edge: API keys, headers, unknown URLs."""

import base64
from typing import Any

import httpx
import pytest
import stripe
from stripe_emulator.objects.customer import Customer

SECRET = "4eC39HqLyjWDarjtT1zdp7dc"


@pytest.mark.parametrize(
    "key", [f"sk_live_{SECRET}", f"rk_live_{SECRET}", "nonsense", f"pk_test_{SECRET}", "sk_test_"]
)
def test_key_other_than_a_test_key_is_401(http: httpx.Client, key: str):
    answer = http.get("/v1/customers", headers={"Authorization": f"Bearer {key}"})
    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (401, "invalid_request_error")
    assert error["message"].startswith("Invalid API Key provided: ")
    assert SECRET not in answer.text


@pytest.mark.parametrize("header", ["", "Bearer", "Basic !", "Digest sk_test_1"])
def test_missing_key_is_401(http: httpx.Client, header: str):
    answer = http.get("/v1/customers", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json()["error"]["message"].startswith("You did not provide an API key.")


def test_sdk_sees_an_authentication_error(client: stripe.StripeClient):
    with pytest.raises(stripe.AuthenticationError):
        client.v1.customers.list({}, {"api_key": f"sk_live_{SECRET}"})


def test_key_as_user_of_basic_authentication_is_accepted(http: httpx.Client):
    credentials = base64.b64encode(b"sk_test_1:").decode()
    answer = http.get("/v1/customers", headers={"Authorization": f"Basic {credentials}"})
    assert answer.status_code == 200


def test_every_response_has_an_id_and_the_version(http: httpx.Client):
    answer = http.get("/v1/customers", headers={"Stripe-Version": "2025-01-27.acacia"})
    assert answer.headers["request-id"].startswith("req_")
    assert answer.headers["stripe-version"] == "2025-01-27.acacia"
    assert http.get("/v1/customers").headers["stripe-version"] == "2026-08-26.dahlia"


def test_response_to_an_invalid_key_has_no_id(http: httpx.Client):
    answer = http.get("/v1/customers", headers={"Authorization": "Bearer sk_live_1"})
    assert "request-id" not in answer.headers
    assert list(answer.json()["error"]) == ["message", "type"]


def test_post_without_an_idempotency_key_gets_one(http: httpx.Client):
    answers = [http.post("/v1/customers") for _ in range(2)]
    assert len({answer.headers["idempotency-key"] for answer in answers}) == 2
    for answer in answers:
        assert answer.headers["original-request"] == answer.headers["request-id"]
        assert answer.headers["stripe-should-retry"] == "false"
    refused = http.post("/v1/payment_intents", data={"amount": "x", "currency": "usd"})
    assert "stripe-should-retry" not in refused.headers
    assert "stripe-should-retry" not in http.get("/v1/customers").headers


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/", "/v1/payment_intents/pi_1/nothing/more"])
def test_unknown_url_is_404(http: httpx.Client, path: str):
    answer = http.get(path)
    assert answer.status_code == 404
    assert f"Unrecognized request URL (GET: {path})" in answer.json()["error"]["message"]


def test_envelope_of_an_unknown_parameter(http: httpx.Client):
    answer = http.post("/v1/customers", data={"colour": "red"})
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert error.pop("request_log_url").endswith(answer.headers["request-id"])
    assert error == {
        "type": "invalid_request_error",
        "code": "parameter_unknown",
        "param": "colour",
        "message": "Received unknown parameter: colour",
        "doc_url": "https://stripe.com/docs/error-codes/parameter-unknown",
    }


def test_log_link_of_an_error_returns_the_request(http: httpx.Client, client: Any, hold: Any):
    with pytest.raises(stripe.CardError) as refused:
        client.v1.payment_intents.create(
            hold(payment_method="pm_card_chargeDeclined"), {"idempotency_key": "k"}
        )
    logged = http.get(refused.value.json_body["error"]["request_log_url"]).json()
    assert (logged["status"], logged["error_code"]) == (402, "card_declined")
    assert (logged["method"], logged["path"]) == ("POST", "/v1/payment_intents")
    assert logged["idempotency_key"] == "k"
    assert "pm_card_chargeDeclined" in logged["request_body"]
    assert "card_declined" in logged["response_body"]
    assert http.get("/_emulator/requests/req_unknown").status_code == 404
    newest, *_ = http.get("/_emulator/requests", params={"limit": 1}).json()["requests"]
    assert newest["id"] == logged["id"]


def test_healthz_requires_no_key(http: httpx.Client):
    answer = http.get("/healthz", headers={"Authorization": ""})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_clock_can_be_advanced(http: httpx.Client, client: stripe.StripeClient):
    before = http.get("/_emulator/clock").json()["now"]
    after = http.post("/_emulator/clock", json={"advance_seconds": 3600}).json()["now"]
    assert after == before + 3600
    assert client.v1.customers.create().created == after
    assert http.post("/_emulator/clock", json={"advance_seconds": -1}).status_code == 422


def test_bug_is_a_500_that_is_not_kept(http: httpx.Client, monkeypatch: Any):
    def broken(_: Customer) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(Customer, "as_json", broken)
        answer = http.post("/v1/customers", headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["error"]["type"]) == (500, "api_error")
    assert http.post("/v1/customers", headers={"Idempotency-Key": "k"}).status_code == 200


def test_clock_advance_has_a_limit(http: httpx.Client):
    assert http.post("/_emulator/clock", json={"advance_seconds": 10**12}).status_code == 422
