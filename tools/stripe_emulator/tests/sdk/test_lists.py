"""Lists, search and expansion, through the SDK."""

from typing import Any

import pytest
import stripe
from stripe_emulator.account.clock import Clock


def create(client: stripe.StripeClient, **parameters: Any) -> stripe.PaymentIntent:
    return client.v1.payment_intents.create({"amount": 100, "currency": "usd", **parameters})


def ids(page: Any) -> list[str]:
    return [item.id for item in page.data]


def test_lists_filter_by_customer_and_time(client: stripe.StripeClient, clock: Clock):
    customer = client.v1.customers.create()
    mine = create(client, customer=customer.id)
    clock.advance(10)
    late = create(client)
    late = client.v1.payment_intents.update(late.id, {"customer": customer.id})
    create(client)
    by_customer = client.v1.payment_intents.list({"customer": customer.id})
    assert ids(by_customer) == [late.id, mine.id]
    old = client.v1.payment_intents.list({"created": {"lt": late.created}})
    assert ids(old) == [mine.id]
    exactly = client.v1.payment_intents.list({"created": mine.created})
    assert ids(exactly) == [mine.id]


def test_search_finds_by_metadata_at_once(client: stripe.StripeClient):
    found = create(client, metadata={"saga_id": "a-1", "it's": 'a "b"'})
    create(client, metadata={"saga_id": "a-2"})
    search = client.v1.payment_intents.search
    assert ids(search({"query": "metadata['saga_id']:'a-1'"})) == [found.id]
    assert ids(search({"query": 'metadata["saga_id"]:"A-1"'})) == [found.id]
    assert ids(search({"query": r"metadata['it\'s']:'a \"b\"'"})) == [found.id]
    assert ids(search({"query": "metadata['saga_id']:'a-3'"})) == []


def test_search_follows_changes_of_metadata(client: stripe.StripeClient):
    intent = create(client, metadata={"saga_id": "old"})
    client.v1.payment_intents.update(intent.id, {"metadata": {"saga_id": "new"}})
    search = client.v1.payment_intents.search
    assert ids(search({"query": "metadata['saga_id']:'old'"})) == []
    assert ids(search({"query": "metadata['saga_id']:'new'"})) == [intent.id]
    client.v1.payment_intents.update(intent.id, {"metadata": ""})
    assert ids(search({"query": "metadata['saga_id']:'new'"})) == []


def test_search_joins_clauses_and_has_pages(client: stripe.StripeClient):
    made = [create(client, metadata={"run": "1"}, amount=100 + number % 2) for number in range(5)]
    client.v1.payment_intents.cancel(made[0].id)
    query = "metadata['run']:'1' AND status:'requires_payment_method' AND amount:100"
    page = client.v1.payment_intents.search({"query": query, "limit": 1})
    assert (ids(page), page.has_more) == ([made[4].id], True)
    every = page.auto_paging_iter()
    assert [item.id for item in every] == [made[4].id, made[2].id]
    assert len(client.v1.payment_intents.search({"query": "status:'canceled'"}).data) == 1


@pytest.mark.parametrize(
    "query", ["", "metadata['a']", "colour:'red'", "status:'a' OR status:'b'", "amount>100"]
)
def test_unsupported_query_is_refused(client: stripe.StripeClient, query: str):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.search({"query": query})
    assert refused.value.http_status == 400
