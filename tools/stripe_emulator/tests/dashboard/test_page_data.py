"""The dashboard and its data over HTTP."""

import re
from dataclasses import replace
from typing import Any

import httpx
import pytest
import stripe
from stripe_emulator.account.collection import Collection
from stripe_emulator.dashboard.router import STATIC
from stripe_emulator.objects.payment_intent import PaymentIntent
from stripe_emulator.testing import RunningEmulator

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
NAMESPACE = "http://www.w3.org/2000/svg"  # a name, not an address


def test_page_loads_only_from_its_own_origin(http: httpx.Client):
    page = http.get("/", headers={"Authorization": ""})
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-security-policy"].startswith("default-src 'self';")


def test_all_assets_of_the_page_are_served(http: httpx.Client):
    named = re.findall(r'(?:src|href)="(/[^"]+)"', http.get("/").text)
    assert len(named) >= 3
    for path in named:
        assert http.get(path).status_code == 200, path
    assert http.get("/_emulator/static/nothing.js").status_code == 404
    assert http.get("/_emulator/static/..%2Frouter.py").status_code == 404


@pytest.mark.parametrize("name", sorted(file.name for file in STATIC.iterdir()))
def test_assets_refer_to_no_other_host(name: str):
    text = (STATIC / name).read_text().replace(NAMESPACE, "")
    assert not re.search(r"https?:|(?<!:)//\w+\.|@import|innerHTML|insertAdjacentHTML", text)


def test_payments_are_paged_newest_first(http: httpx.Client, client: Any, hold: Any):
    made = [client.v1.payment_intents.create(hold()).id for _ in range(3)][::-1]
    first = http.get("/_emulator/payments", params={"limit": 2}).json()
    assert [line["id"] for line in first["payments"]] == made[:2]
    assert first["has_more"]
    rest = http.get("/_emulator/payments", params={"starting_after": made[1]}).json()
    assert [line["id"] for line in rest["payments"]] == made[2:]
    assert not rest["has_more"]


@pytest.mark.parametrize(
    ("query", "status"),
    [({"limit": 0}, 422), ({"limit": 501}, 422), ({"starting_after": "pi_1"}, 404)],
)
def test_invalid_page_is_refused(http: httpx.Client, query: Any, status: int):
    assert http.get("/_emulator/payments", params=query).status_code == status


def test_payment_row_has_the_error_and_the_customer(http: httpx.Client, client: Any, hold: Any):
    customer = client.v1.customers.create({"email": "ann@example.com"})
    wanted = hold(
        customer=customer.id,
        payment_method="pm_card_visa_chargeDeclinedInsufficientFunds",
        description="Order 1",
        metadata={"saga_id": "s"},
    )
    with pytest.raises(stripe.CardError):
        client.v1.payment_intents.create(wanted)
    (line,) = http.get("/_emulator/payments").json()["payments"]
    assert line["last_error"] == {
        "code": "card_declined",
        "decline_code": "insufficient_funds",
        "message": "Your card has insufficient funds.",
    }
    assert (line["customer_email"], line["card"]) == ("ann@example.com", "visa 9995")
    assert (line["description"], line["metadata"]) == ("Order 1", {"saga_id": "s"})
    detail = http.get(f"/_emulator/payments/{line['id']}").json()
    assert [attempt["failure"]["code"] for attempt in detail["charges"]] == ["card_declined"]


def test_search_finds_a_payment_by_id_customer_or_metadata(
    http: httpx.Client, client: Any, hold: Any
):
    customer = client.v1.customers.create()
    first = client.v1.payment_intents.create(hold(metadata={"saga_id": "A-1"}))
    theirs = hold(customer=customer.id, metadata={"saga_id": "A-1"})
    second = client.v1.payment_intents.create(theirs)
    client.v1.payment_intents.update(first.id, {"metadata": {"other": "x"}})
    client.v1.payment_intents.update(second.id, {"metadata": {"saga_id": "A-2"}})

    def found(text: str) -> list[str]:
        answer = http.get("/_emulator/payments", params={"find": text}).json()
        return [line["id"] for line in answer["payments"]]

    assert found("saga_id=a-1") == [first.id]
    assert found("saga_id=A-2") == found(customer.id) == found(second.id) == [second.id]
    assert found("saga_id=A") == found("nothing") == found("") == []


@pytest.mark.parametrize(("currency", "decimals"), [("usd", 2), ("jpy", 0), ("kwd", 3)])
def test_amount_has_its_number_of_decimals(
    http: httpx.Client, client: Any, hold: Any, currency: str, decimals: int
):
    client.v1.payment_intents.create(hold(currency=currency, amount=1230))
    (line,) = http.get("/_emulator/payments").json()["payments"]
    assert (line["amount"], line["decimals"]) == (1230, decimals)


def test_payment_details_have_movements_and_requests(http: httpx.Client, client: Any, hold: Any):
    intent = client.v1.payment_intents.create(hold())
    client.v1.payment_intents.create(hold())
    client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 1000})
    detail = http.get(f"/_emulator/payments/{intent.id}").json()
    amounts = {
        name: [move["amount"] for move in detail["ledger"][name]]
        for name in ("holds", "captures", "releases")
    }
    assert amounts == {"holds": [1299], "captures": [1000], "releases": [299]}
    assert detail["payment_intent"]["status"] == "succeeded"
    touching = http.get("/_emulator/requests", params={"touching": intent.id}).json()["requests"]
    assert [line["path"].rpartition("/")[2] for line in touching] == ["capture", "payment_intents"]
    assert http.get("/_emulator/payments/pi_1").status_code == 404


def test_log_has_the_response_withheld_by_a_fault(
    http: httpx.Client, client: Any, hold: Any, arm: Any
):
    arm("status_500_after")
    with pytest.raises(stripe.APIError) as failed:
        client.v1.payment_intents.create(hold(), {"idempotency_key": "k"})
    (line,) = http.get("/_emulator/payments").json()["payments"]
    (touching,) = http.get(f"/_emulator/requests?touching={line['id']}").json()["requests"]
    assert (touching["id"], touching["status"]) == (failed.value.request_id, 500)
    logged = http.get(f"/_emulator/requests/{touching['id']}").json()
    assert line["id"] in logged["withheld_body"]
    assert line["id"] not in logged["response_body"]


def test_log_has_selected_headers_without_the_api_key(http: httpx.Client, client: Any, hold: Any):
    made = [client.v1.payment_intents.create(hold(), {"idempotency_key": "k"}) for _ in range(2)]
    first, second = (one.last_response.request_id for one in made)
    answer = http.get(f"/_emulator/requests/{second}")
    logged = answer.json()
    assert logged["replayed"]
    assert logged["response_headers"]["original-request"] == first
    assert logged["request_headers"]["idempotency-key"] == "k"
    assert logged["request_headers"]["user-agent"].startswith("Stripe/v1 PythonBindings")
    assert "sk_test_" not in answer.text


def test_log_link_redirects_a_browser_to_the_dashboard(http: httpx.Client):
    error = http.post("/v1/customers", data={"colour": "red"}).json()["error"]
    link = error["request_log_url"]
    request_id = link.rpartition("/")[2]
    for_browser = http.get(link, headers=BROWSER)
    assert (for_browser.status_code, for_browser.headers["location"]) == (303, f"/#{request_id}")
    for_program = http.get(link)
    assert for_program.json()["error_code"] == "parameter_unknown"
    assert for_browser.headers["vary"] == for_program.headers["vary"] == "Accept"


def test_page_reads_only_its_own_payments(
    http: httpx.Client, running: RunningEmulator, client: Any, hold: Any, monkeypatch: Any
):
    intents = running.emulator.account.payment_intents
    model = intents.get(client.v1.payment_intents.create(hold()).id)
    for number in range(1_000):
        intents.add(replace(model, id=f"pi_{number}"))
    looked_at: list[str] = []
    as_json = PaymentIntent.as_json
    monkeypatch.setattr(
        PaymentIntent, "as_json", lambda intent: looked_at.append(intent.id) or as_json(intent)
    )
    monkeypatch.setattr(Collection, "__iter__", None)
    page = http.get("/_emulator/payments", params={"limit": 50}).json()["payments"]
    assert len(page) == 50
    assert len(set(looked_at)) <= 50
