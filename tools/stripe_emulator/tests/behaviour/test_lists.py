"""Lists with cursors, search, and expansion."""

import time
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
import stripe

Pay: TypeAlias = Callable[..., stripe.PaymentIntent]
UNCONFIRMED = {"confirm": None, "off_session": None, "payment_method": None}


@pytest.fixture
def made(pay: Pay, customer: stripe.Customer) -> list[str]:
    """The ids of five PaymentIntents of one customer, oldest first."""
    return [pay(customer=customer.id, **UNCONFIRMED).id for _ in range(5)]


def ids(page: Any) -> list[str]:
    return [item.id for item in page.data]


@pytest.mark.feature("Lists with cursors")
def test_pages_forward_and_backward(
    client: stripe.StripeClient, customer: stripe.Customer, made: list[str]
):
    def page(**cursor: str) -> Any:
        parameters = {"customer": customer.id, "limit": 2, **cursor}
        return client.v1.payment_intents.list(parameters)

    first = page()
    assert (ids(first), first.has_more) == (made[:2:-1], True)
    second = page(starting_after=first.data[-1].id)
    assert (ids(second), second.has_more) == (made[2:0:-1], True)
    last = page(starting_after=second.data[-1].id)
    assert (ids(last), last.has_more) == (made[:1], False)
    back = page(ending_before=second.data[0].id)
    assert (ids(back), back.has_more) == (made[:2:-1], False)
    assert [item.id for item in page().auto_paging_iter()] == made[::-1]


@pytest.mark.feature("Lists with cursors")
def test_list_by_time(client: stripe.StripeClient, customer: stripe.Customer, made: list[str]):
    newest = client.v1.payment_intents.retrieve(made[-1])
    parameters = {"customer": customer.id, "created": {"lte": newest.created}}
    assert ids(client.v1.payment_intents.list(parameters)) == made[::-1]
    parameters = {"customer": customer.id, "created": {"gt": newest.created}}
    assert ids(client.v1.payment_intents.list(parameters)) == []


@pytest.mark.feature("Lists: what is refused")
@pytest.mark.parametrize(
    ("parameters", "code", "param"),
    [
        ({"limit": "many"}, "parameter_invalid_integer", "limit"),
        ({"starting_after": "pi_unknown"}, "resource_missing", "starting_after"),
        ({"starting_after": "pi_1", "ending_before": "pi_2"}, None, None),
        ({"colour": "red"}, "parameter_unknown", "colour"),
        pytest.param(
            {"customer": "cus_unknown"},
            "resource_missing",
            "customer",
            marks=pytest.mark.unverified("the code and the parameter of some refusals"),
        ),
    ],
    ids=str,
)
def test_invalid_page_is_refused(
    client: stripe.StripeClient, parameters: Any, code: str | None, param: str | None
):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.list(parameters)
    error = refused.value
    assert (error.http_status, error.code, error.param) == (400, code, param)


@pytest.mark.feature("Lists: what is refused")
@pytest.mark.parametrize(("limit", "shown"), [(0, 1), (101, 5)])
def test_limit_is_clamped_to_its_range(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    made: list[str],
    limit: int,
    shown: int,
):
    page = client.v1.payment_intents.list({"customer": customer.id, "limit": limit})
    assert ids(page) == made[: -shown - 1 : -1]


@pytest.mark.feature("Search by metadata")
def test_search_finds_by_metadata(client: stripe.StripeClient, target: Any, pay: Pay, unique: str):
    found = pay(metadata={"saga_id": unique}, **UNCONFIRMED)
    pay(metadata={"saga_id": f"other {unique}"}, **UNCONFIRMED)
    query = {"query": f"metadata['saga_id']:'{unique}' AND status:'requires_payment_method'"}
    deadline = time.monotonic() + target.search_seconds
    while not (page := client.v1.payment_intents.search(query)).data:
        assert time.monotonic() < deadline, "not found in time"
    assert (ids(page), page.has_more) == ([found.id], False)


@pytest.mark.feature("Search by metadata")
@pytest.mark.parametrize("query", ["metadata['a']", "colour:'red'"])
def test_unsupported_query_is_refused(client: stripe.StripeClient, query: str):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.search({"query": query})
    assert refused.value.http_status == 400


@pytest.mark.feature("expand[]")
def test_nested_objects_are_expanded(pay: Pay, customer: stripe.Customer):
    intent = pay(
        customer=customer.id, expand=["latest_charge.customer", "payment_method", "customer"]
    )
    assert intent.customer.name == "Behaviour suite"
    assert intent.latest_charge.customer.id == customer.id
    assert intent.payment_method.card.last4 == "4242"
    assert pay(customer=customer.id).customer == customer.id


@pytest.mark.feature("expand[]")
def test_items_of_lists_are_expanded(
    client: stripe.StripeClient, pay: Pay, customer: stripe.Customer
):
    pay(customer=customer.id)
    parameters = {"customer": customer.id, "expand": ["data.latest_charge.customer"]}
    (intent,) = client.v1.payment_intents.list(parameters).data
    assert intent.latest_charge.amount == 1299
    assert intent.latest_charge.customer.name == "Behaviour suite"


@pytest.mark.feature("expand[]")
@pytest.mark.parametrize("path", ["colour", "latest_charge.payment_intent.customer.x.y"])
def test_unexpandable_property_is_refused(refused: Any, path: str):
    assert "expand" in (refused(expand=[path]).user_message or "")


@pytest.mark.feature("expand[]")
def test_list_is_expanded_through_its_data(client: stripe.StripeClient):
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded") as refused:
        client.v1.payment_intents.list({"expand": ["latest_charge"]})
    assert refused.value.http_status == 400
