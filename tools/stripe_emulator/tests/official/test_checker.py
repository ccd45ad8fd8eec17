"""What holds the answers to Stripe's document notices what it is there for, and misses none."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import stripe
from stripe_emulator.requests.log import Entry
from stripe_emulator.settings import Settings
from stripe_emulator.testing import running_emulator
from stripe_emulator.wire.messages import Answer, Request
from stripe_official.checker import Checker
from stripe_official.document import Document

INTENTS = "/v1/payment_intents"
Json = dict[str, Any]


@pytest.fixture
def checker(published: Document) -> Checker:
    return Checker(published)


@pytest.fixture
def intent(client: stripe.StripeClient, hold: Any) -> Json:
    customer = client.v1.customers.create({"name": "Ann"})
    expand = ["customer", "latest_charge", "payment_method"]
    return client.v1.payment_intents.create(hold(customer=customer.id, expand=expand)).to_dict()


@pytest.fixture
def complain(checker: Checker, intent: Json) -> Callable[..., str]:
    """What is said of a PaymentIntent after a change to it or to a hash in it."""

    def complain(*path: str, remove: str | None = None, **change: Any) -> str:
        assert checker.answer("POST", INTENTS, 200, intent) == []
        hash_ = intent
        for name in path:
            hash_ = hash_[name]
        hash_.update(change)
        if remove:
            del hash_[remove]
        (complaint,) = checker.answer("POST", INTENTS, 200, intent)
        return complaint.removeprefix(f"POST {INTENTS} 200 ")

    return complain


def test_the_document_is_of_the_version_that_the_emulator_says_it_has(
    published: Document, http: httpx.Client
):
    assert published.version == http.get("/v1/customers").headers["stripe-version"]


@pytest.mark.parametrize(
    ("path", "name", "complaint"),
    [
        ([], "amount_received", "$: 'amount_received' is missing from payment_intent"),
        (["customer"], "balance", "$.customer: 'balance' is missing from customer"),
        (
            ["latest_charge", "outcome"],
            "reason",
            "$.latest_charge.outcome: 'reason' is missing from charge.outcome",
        ),
    ],
)
def test_a_field_that_is_missing(
    complain: Callable[..., str], path: list[str], name: str, complaint: str
):
    assert complain(*path, remove=name) == complaint


@pytest.mark.parametrize(
    "path", [[], ["customer"], ["latest_charge", "outcome"], ["amount_details"]]
)
def test_a_field_that_stripe_has_not(complain: Callable[..., str], path: list[str]):
    where = ".".join(["$", *path])
    assert complain(*path, colour="red") == (
        f"{where}: Additional properties are not allowed ('colour' was unexpected)"
    )


@pytest.mark.parametrize(
    ("path", "change", "complaint"),
    [
        ([], {"amount": "1299"}, "$.amount: '1299' is not of type 'integer'"),
        ([], {"amount": None}, "$.amount: None is not of type 'integer'"),
        ([], {"livemode": 0}, "$.livemode: 0 is not of type 'boolean'"),
        ([], {"capture_method": "later"}, "$.capture_method: 'later' is not one of "),
        ([], {"metadata": {"a": 1}}, "$.metadata.a: 1 is not of type 'string'"),
        ([], {"payment_method_types": [1]}, "$.payment_method_types[0]: 1 is not of type 'string'"),
        (["customer"], {"created": "x"}, "$.customer.created: 'x' is not of type 'integer'"),
    ],
)
def test_a_value_that_stripe_would_not_send(
    complain: Callable[..., str], path: list[str], change: Json, complaint: str
):
    assert complain(*path, **change).startswith(complaint)


def test_an_object_in_a_list(checker: Checker, client: stripe.StripeClient, intent: Json):
    page = client.v1.payment_intents.list().to_dict()
    assert checker.answer("GET", INTENTS, 200, page) == []
    del page["data"][0]["amount_received"]
    assert checker.answer("GET", INTENTS, 200, page) == [
        f"GET {INTENTS} 200 $.data[0]: 'amount_received' is missing from payment_intent"
    ]


def test_an_error(checker: Checker, client: stripe.StripeClient, hold: Any):
    with pytest.raises(stripe.CardError) as declined:
        client.v1.payment_intents.create(hold(payment_method="pm_card_chargeDeclined"))
    error = declined.value.json_body
    assert checker.answer("POST", INTENTS, 402, error) == []
    error["error"]["colour"] = "red"
    del error["error"]["payment_intent"]["amount_received"]
    unknown, missing = checker.answer("POST", INTENTS, 402, error)
    assert "'colour' was unexpected" in unknown
    assert missing.endswith("'amount_received' is missing from payment_intent")


def test_an_event(checker: Checker, intent: Json):
    event = {
        "id": "evt_1",
        "object": "event",
        "api_version": "2026-08-26.dahlia",
        "created": 1,
        "data": {"object": intent},
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": None, "idempotency_key": None},
        "type": "payment_intent.created",
    }
    assert checker.object(event) == []
    intent["colour"] = "red"
    assert len(checker.object(event)) == 1
    del intent["colour"], intent["amount_received"]
    assert len(checker.object(event)) == 1


def test_an_object_of_a_kind_that_no_table_describes(checker: Checker):
    (*_, complaint) = checker.object({"object": "payout"})
    assert complaint == "$: no table says which fields every payout has"


def test_an_operation_that_stripe_has_not(checker: Checker):
    assert checker.answer("GET", "/v1/colours", 200, {}) == ["Stripe has no GET /v1/colours"]
    missing = {"error": {"type": "invalid_request_error"}}
    assert checker.answer("GET", "/v1/colours", 404, missing) == []
    assert checker.answer("GET", "/v1/colours", 404, {"error": {"type": "red"}}) != []


def test_what_an_emulator_answered_is_read_out_of_its_log(checker: Checker):
    request = Request("GET", "/v1/customers", b"", {}, b"")
    entries = [Entry(f"req_{at}", 0, request, Answer(200, b"{}"), None) for at in range(2)]
    unanswered = Entry("req_2", 0, request, None, "reset")
    complaints = checker.log([*entries, unanswered])
    assert complaints[0] == "GET /v1/customers 200 $: 'data' is a required property"
    assert len(complaints) == len(set(complaints))


def test_no_answer_escapes(every_entry: list[Entry], http: httpx.Client):
    http.get("/v1/customers")
    http.post("/_emulator/reset")
    with running_emulator(Settings(request_log_size=1)) as forgetful:
        for resource in ("charges", "payment_intents"):
            assert httpx.get(f"{forgetful.url}/v1/{resource}").status_code == 401
    assert [entry.request.path for entry in every_entry] == [
        "/v1/customers",
        "/v1/charges",
        "/v1/payment_intents",
    ]
