"""Customers, from creation to deletion."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe


@pytest.mark.feature("Customers: create, change, list")
def test_created_customer_can_be_retrieved(client: stripe.StripeClient):
    created = client.v1.customers.create({"email": "a@example.com", "name": "Ann"})
    found = client.v1.customers.retrieve(created.id)
    assert found.to_dict() == created.to_dict()
    assert (found.object, found.email, found.name) == ("customer", "a@example.com", "Ann")
    assert found.id.startswith("cus_")


@pytest.mark.feature("Customers: create, change, list")
def test_customer_update_changes_only_the_given_attributes(client: stripe.StripeClient):
    created = client.v1.customers.create(
        {"email": "a@example.com", "name": "Ann", "metadata": {"clerk": "user_1", "old": "x"}}
    )
    changed = client.v1.customers.update(
        created.id, {"name": "", "metadata": {"old": "", "new": "y"}, "phone": "1"}
    )
    found = client.v1.customers.retrieve(created.id)
    assert found.to_dict() == changed.to_dict()
    assert (found.email, found.name, found.phone) == ("a@example.com", None, "1")
    assert found.metadata.to_dict() == {"clerk": "user_1", "new": "y"}


@pytest.mark.feature("Customers: create, change, list")
def test_customer_is_created_with_a_card(client: stripe.StripeClient):
    customer = client.v1.customers.create({"payment_method": "pm_card_visa"})
    (card,) = client.v1.customers.payment_methods.list(customer.id).data
    assert (card.customer, card.card.last4) == (customer.id, "4242")


@pytest.mark.feature("Customers: create, change, list")
def test_customers_are_listed_newest_first_and_by_email(client: stripe.StripeClient, unique: str):
    email = f"{unique}@example.com"
    made = [client.v1.customers.create({"email": email}).id for _ in range(3)]
    page = client.v1.customers.list({"email": email, "limit": 2})
    assert ([item.id for item in page.data], page.has_more) == (made[:0:-1], True)
    assert [item.id for item in page.auto_paging_iter()] == made[::-1]
    client.v1.customers.update(made[0], {"email": f"other-{email}"})
    found = client.v1.customers.list({"email": email}).data
    assert [item.id for item in found] == made[:0:-1]


@pytest.mark.feature("Deleted customers")
def test_deleted_customer_can_be_retrieved_as_deleted(
    client: stripe.StripeClient, customer: stripe.Customer
):
    card = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    assert client.v1.customers.delete(customer.id).deleted
    left = client.v1.customers.retrieve(customer.id)
    assert (left.id, left.deleted) == (customer.id, True)
    assert customer.id not in [item.id for item in client.v1.customers.list({"limit": 100}).data]
    assert client.v1.payment_methods.retrieve(card.id).customer is None


@pytest.mark.feature("Deleted customers")
@pytest.mark.parametrize("verb", ["update", "delete"])
def test_deleted_customer_cannot_be_changed(
    client: stripe.StripeClient, customer: stripe.Customer, verb: str
):
    client.v1.customers.delete(customer.id)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        getattr(client.v1.customers, verb)(customer.id)
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")


@pytest.mark.feature("Deleted customers")
def test_deleted_customer_cannot_be_charged(
    client: stripe.StripeClient,
    refused: Callable[..., stripe.InvalidRequestError],
    customer: stripe.Customer,
):
    client.v1.customers.delete(customer.id)
    error: Any = refused(customer=customer.id)
    assert (error.code, error.param) == ("resource_missing", "customer")
    assert (error.user_message or "").startswith(f"No such customer: '{customer.id}'")
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
