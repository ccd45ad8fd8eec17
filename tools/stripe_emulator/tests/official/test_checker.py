"""The checker of responses finds every kind of problem and checks every response."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import stripe
from stripe_emulator.bounds import EmulatorBounds
from stripe_emulator.requests.log import LogEntry
from stripe_emulator.settings import Settings
from stripe_emulator.testing import running_emulator
from stripe_emulator.wire.messages import Request, Response
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
def problem_after(checker: Checker, intent: Json) -> Callable[..., str]:
    """Change a PaymentIntent or a hash in it and return the problem that is found."""

    def problem_after(*path: str, remove: str | None = None, **change: Any) -> str:
        assert checker.response("POST", INTENTS, 200, intent) == []
        hash_ = intent
        for name in path:
            hash_ = hash_[name]
        hash_.update(change)
        if remove:
            del hash_[remove]
        (problem,) = checker.response("POST", INTENTS, 200, intent)
        return problem.removeprefix(f"POST {INTENTS} 200 ")

    return problem_after


def test_document_has_the_api_version_of_the_emulator(published: Document, http: httpx.Client):
    assert published.version == http.get("/v1/customers").headers["stripe-version"]


@pytest.mark.parametrize(
    ("path", "name", "problem"),
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
def test_missing_field_is_reported(
    problem_after: Callable[..., str], path: list[str], name: str, problem: str
):
    assert problem_after(*path, remove=name) == problem


@pytest.mark.parametrize(
    "path", [[], ["customer"], ["latest_charge", "outcome"], ["amount_details"]]
)
def test_unknown_field_is_reported(problem_after: Callable[..., str], path: list[str]):
    where = ".".join(["$", *path])
    assert problem_after(*path, colour="red") == (
        f"{where}: Additional properties are not allowed ('colour' was unexpected)"
    )


@pytest.mark.parametrize(
    ("path", "change", "problem"),
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
def test_invalid_value_is_reported(
    problem_after: Callable[..., str], path: list[str], change: Json, problem: str
):
    assert problem_after(*path, **change).startswith(problem)


def test_object_in_a_list_is_checked(checker: Checker, client: stripe.StripeClient, intent: Json):
    page = client.v1.payment_intents.list().to_dict()
    assert checker.response("GET", INTENTS, 200, page) == []
    del page["data"][0]["amount_received"]
    assert checker.response("GET", INTENTS, 200, page) == [
        f"GET {INTENTS} 200 $.data[0]: 'amount_received' is missing from payment_intent"
    ]


def test_error_is_checked(checker: Checker, client: stripe.StripeClient, hold: Any):
    with pytest.raises(stripe.CardError) as declined:
        client.v1.payment_intents.create(hold(payment_method="pm_card_chargeDeclined"))
    error = declined.value.json_body
    assert checker.response("POST", INTENTS, 402, error) == []
    error["error"]["colour"] = "red"
    del error["error"]["payment_intent"]["amount_received"]
    unknown, missing = checker.response("POST", INTENTS, 402, error)
    assert "'colour' was unexpected" in unknown
    assert missing.endswith("'amount_received' is missing from payment_intent")


def test_event_is_checked(checker: Checker, intent: Json):
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


def test_object_of_unknown_kind_is_reported(checker: Checker):
    (*_, problem) = checker.object({"object": "payout"})
    assert problem == "$: no table says which fields every payout has"


def test_unknown_operation_is_reported(checker: Checker):
    assert checker.response("GET", "/v1/colours", 200, {}) == ["Stripe has no GET /v1/colours"]
    missing = {"error": {"type": "invalid_request_error"}}
    assert checker.response("GET", "/v1/colours", 404, missing) == []
    assert checker.response("GET", "/v1/colours", 404, {"error": {"type": "red"}}) != []


def test_responses_are_checked_from_the_log(checker: Checker):
    request = Request("GET", "/v1/customers", b"", {}, b"")
    entries = [LogEntry(f"req_{at}", 0, request, Response(200, b"{}"), None) for at in range(2)]
    unanswered = LogEntry("req_2", 0, request, None, "reset")
    problems = checker.log([*entries, unanswered])
    assert problems[0] == "GET /v1/customers 200 $: 'data' is a required property"
    assert len(problems) == len(set(problems))


def test_every_response_is_checked(logged_entries: list[LogEntry], http: httpx.Client):
    http.get("/v1/customers")
    http.post("/_emulator/reset")
    with running_emulator(Settings(bounds=EmulatorBounds(request_log_size=1))) as forgetful:
        for resource in ("charges", "payment_intents"):
            assert httpx.get(f"{forgetful.url}/v1/{resource}").status_code == 401
    assert [entry.request.path for entry in logged_entries] == [
        "/v1/customers",
        "/v1/charges",
        "/v1/payment_intents",
    ]
