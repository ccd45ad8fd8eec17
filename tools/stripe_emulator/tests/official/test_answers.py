"""Complete responses: every field set, everything expanded, every failure.

What is asserted here is little: that each of them is as Stripe's document says is checked when
the test has ended, as it is for every other test.
"""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

ADDRESS = {
    "address[line1]": "510 Townsend St",
    "address[city]": "San Francisco",
    "address[country]": "US",
}
SHIPPING = {
    "shipping[name]": "Ann",
    **{f"shipping[{k.replace('[', '][', 1)}": v for k, v in ADDRESS.items()},
}
Post = Callable[..., Any]


@pytest.fixture
def post(http: httpx.Client) -> Post:
    def post(path: str, *, status: int = 200, **parameters: Any) -> Any:
        answer = http.post(f"/v1/{path}", data=parameters.pop("data", {}) | parameters)
        assert answer.status_code == status, answer.text
        return answer.json()

    return post


@pytest.fixture
def customer(post: Post) -> str:
    filled = {**ADDRESS, **SHIPPING, "metadata[a]": "b", "email": "ann@example.com", "name": "Ann"}
    card = post(
        "customers", data=filled, phone="+1", description="x", payment_method="pm_card_visa"
    )
    return card["id"]


def test_customer_with_all_parameters(http: httpx.Client, post: Post, customer: str):
    methods = http.get(f"/v1/customers/{customer}/payment_methods").json()["data"]
    settings = {"invoice_settings[default_payment_method]": methods[0]["id"]}
    expanded = {"expand[]": "invoice_settings.default_payment_method.customer"}
    answer = post(f"customers/{customer}", data={**settings, **expanded})
    assert answer["invoice_settings"]["default_payment_method"]["customer"]["id"] == customer
    assert answer["shipping"] == {
        "address": {**answer["address"]},
        "name": "Ann",
        "phone": None,
    }
    assert answer["address"]["line2"] is None


def test_cleared_parameters_are_null(post: Post, customer: str):
    names = ("address", "shipping", "email", "name", "phone", "description", "metadata")
    answer = post(f"customers/{customer}", data=dict.fromkeys(names, ""))
    assert [answer[name] for name in names] == [None] * 6 + [{}]


def test_payment_method_with_all_parameters(post: Post):
    billing = {f"billing_details[{k.replace('[', '][', 1)}": v for k, v in ADDRESS.items()}
    names = {f"billing_details[{name}]": "a@b.example" for name in ("email", "name", "phone")}
    card = post(
        "payment_methods",
        data={**billing, **names, "card[token]": "tok_visa", "metadata[a]": "b"},
        type="card",
        allow_redisplay="always",
    )
    assert card["billing_details"]["address"]["postal_code"] is None
    cleared = post(f"payment_methods/{card['id']}", data={"billing_details[address]": ""})
    assert cleared["billing_details"]["address"]["city"] is None


@pytest.mark.parametrize("capture_method", ["manual", "automatic", "automatic_async"])
def test_payment_intent_with_all_parameters(
    http: httpx.Client, post: Post, customer: str, capture_method: str
):
    methods = http.get(f"/v1/customers/{customer}/payment_methods").json()["data"]
    intent = post(
        "payment_intents",
        data={
            **SHIPPING,
            "shipping[carrier]": "Fedex",
            "metadata[a]": "b",
            "payment_method_types[]": "card",
            "payment_method_options[card][request_three_d_secure]": "automatic",
            "expand[]": ["customer", "payment_method.customer", "latest_charge.payment_intent"],
        },
        amount=1299,
        currency="usd",
        confirm="true",
        capture_method=capture_method,
        customer=customer,
        description="Food",
        payment_method=methods[0]["id"],
        receipt_email="ann@example.com",
        return_url="https://example.com",
        setup_future_usage="off_session",
        statement_descriptor_suffix="FOOD",
        transfer_group="group",
    )
    assert intent["latest_charge"]["payment_intent"]["id"] == intent["id"]
    assert intent["shipping"]["tracking_number"] is None
    assert intent["shipping"] == intent["latest_charge"]["shipping"]


def test_payment_intent_of_a_deleted_customer(http: httpx.Client, post: Post, customer: str):
    intent = post("payment_intents", amount=1299, currency="usd", customer=customer)
    assert http.delete(f"/v1/customers/{customer}").json()["deleted"] is True
    answer = http.get(f"/v1/payment_intents/{intent['id']}", params={"expand[]": "customer"})
    assert answer.json()["customer"] == {"id": customer, "object": "customer", "deleted": True}


@pytest.mark.parametrize("return_url", [{"return_url": "https://example.com"}, {}])
def test_payment_intent_that_requires_an_action(post: Post, return_url: dict[str, str]):
    intent = post(
        "payment_intents",
        data={"payment_method_types[]": "card", **return_url},
        amount=1299,
        currency="usd",
        confirm="true",
        payment_method="pm_card_threeDSecure2Required",
    )
    assert intent["status"] == "requires_action"
    post(f"payment_intents/{intent['id']}/cancel", cancellation_reason="abandoned")


@pytest.mark.parametrize(
    "token",
    [
        "pm_card_visa_chargeDeclined",
        "pm_card_chargeDeclinedExpiredCard",
        "pm_card_chargeDeclinedIncorrectCvc",
        "pm_card_chargeDeclinedFraudulent",
        "pm_card_radarBlock",
    ],
)
def test_failed_charge(http: httpx.Client, post: Post, token: str):
    error = post(
        "payment_intents",
        status=402,
        data={"payment_method_types[]": "card"},
        amount=1299,
        currency="usd",
        confirm="true",
        payment_method=token,
    )["error"]
    charge = http.get(f"/v1/charges/{error['charge']}", params={"expand[]": "balance_transaction"})
    assert charge.json()["failure_code"] == error["code"]
    found = http.get("/v1/payment_intents", params={"expand[]": "data.latest_charge.customer"})
    assert found.json()["data"][0]["last_payment_error"]["code"] == error["code"]


def test_lists_and_a_search(http: httpx.Client, post: Post, customer: str):
    post("payment_intents", data={"metadata[a]": "b"}, amount=50, currency="usd", customer=customer)
    for path in ("customers", "charges", "payment_intents", f"payment_methods?customer={customer}"):
        assert http.get(f"/v1/{path}").json()["object"] == "list"
    found = http.get("/v1/payment_intents/search", params={"query": "metadata['a']:'b'"})
    assert found.json()["object"] == "search_result"
