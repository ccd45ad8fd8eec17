"""Customers and payment methods, through the SDK."""

from typing import Any

import pytest
import stripe


def test_a_customer_is_created_changed_and_found_again(client: stripe.StripeClient):
    created = client.v1.customers.create(
        {"email": "a@example.com", "name": "Ann", "metadata": {"clerk": "user_1", "old": "x"}}
    )
    assert created.id.startswith("cus_")
    changed = client.v1.customers.update(
        created.id, {"name": "", "metadata": {"old": "", "new": "y"}, "phone": "1"}
    )
    found = client.v1.customers.retrieve(created.id)
    assert found.to_dict() == changed.to_dict()
    assert (found.email, found.name, found.phone) == ("a@example.com", None, "1")
    assert found.metadata.to_dict() == {"clerk": "user_1", "new": "y"}


def test_a_deleted_customer_is_gone_but_not_unknown(client: stripe.StripeClient):
    customer = client.v1.customers.create({"payment_method": "pm_card_visa"})
    (card,) = client.v1.customers.payment_methods.list(customer.id).data
    assert client.v1.customers.delete(customer.id).deleted
    assert client.v1.customers.retrieve(customer.id).deleted
    assert not client.v1.customers.list().data
    assert client.v1.payment_methods.retrieve(card.id).customer is None
    for change in (client.v1.customers.update, client.v1.customers.delete):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            change(customer.id)
        assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")


@pytest.mark.parametrize("deleted", [True, False])
def test_no_such_customer_in_a_body_is_400(client: stripe.StripeClient, hold: Any, deleted: bool):
    customer = "cus_unknown"
    if deleted:
        customer = client.v1.customers.create().id
        client.v1.customers.delete(customer)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.create(hold(customer=customer))
    error = refused.value
    assert (error.http_status, error.code, error.param) == (400, "resource_missing", "customer")
    assert error.user_message == f"No such customer: '{customer}'"
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        client.v1.payment_methods.attach("pm_card_visa", {"customer": customer})


def test_no_such_customer_in_the_path_is_404(client: stripe.StripeClient):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.customers.retrieve("cus_unknown")
    error = refused.value
    assert (error.http_status, error.code, error.param) == (404, "resource_missing", "id")


def test_customers_are_listed_newest_first_and_by_email(client: stripe.StripeClient):
    ids = [
        client.v1.customers.create({"email": f"{number % 2}@example.com"}).id for number in range(5)
    ]
    assert [item.id for item in client.v1.customers.list({"limit": 2}).data] == ids[:2:-1]
    every = client.v1.customers.list({"limit": 2}).auto_paging_iter()
    assert [item.id for item in every] == ids[::-1]
    client.v1.customers.update(ids[0], {"email": "1@example.com"})
    found = client.v1.customers.list({"email": "1@example.com"}).data
    assert [item.id for item in found] == [ids[3], ids[1], ids[0]]


def test_attaching_a_token_mints_an_id_that_remembers_the_card(
    client: stripe.StripeClient, hold: Any
):
    customer = client.v1.customers.create()
    card = client.v1.payment_methods.attach("pm_card_mastercard", {"customer": customer.id})
    assert card.id.startswith("pm_1")
    assert (card.customer, card.card.brand, card.card.last4) == (customer.id, "mastercard", "4444")
    assert (card.card.exp_month, card.card.exp_year) == (12, 2034)
    again = client.v1.payment_methods.attach(card.id, {"customer": customer.id})
    assert again.to_dict() == card.to_dict()
    assert client.v1.payment_methods.retrieve(card.id).to_dict() == card.to_dict()
    for _ in range(2):
        intent = client.v1.payment_intents.create(
            hold(customer=customer.id, payment_method=card.id)
        )
        assert (intent.status, intent.payment_method) == ("requires_capture", card.id)


def test_a_token_can_be_looked_at(client: stripe.StripeClient):
    card = client.v1.payment_methods.retrieve("pm_card_visa_chargeDeclined")
    assert (card.card.last4, card.customer) == ("0002", None)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_methods.retrieve("pm_card_unheard_of")
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")


def test_a_card_is_created_from_a_token(client: stripe.StripeClient):
    card = client.v1.payment_methods.create(
        {
            "type": "card",
            "card": {"token": "tok_visa"},
            "billing_details": {"name": "Ann", "address": {"city": "Bern"}},
        }
    )
    assert (card.card.last4, card.billing_details.name) == ("4242", "Ann")
    assert card.billing_details.address.to_dict()["country"] is None
    changed = client.v1.payment_methods.update(card.id, {"billing_details": {"email": "a@b.ch"}})
    assert (changed.billing_details.name, changed.billing_details.email) == ("Ann", "a@b.ch")
    assert changed.billing_details.address.city == "Bern"
    for token in ("tok_unknown", None):
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.payment_methods.create({"type": "card", "card": {"token": token}})


def test_a_detached_card_is_never_used_again(client: stripe.StripeClient, hold: Any):
    customer = client.v1.customers.create({"payment_method": "pm_card_visa"})
    (card,) = client.v1.payment_methods.list({"customer": customer.id, "type": "card"}).data
    assert client.v1.customers.payment_methods.retrieve(customer.id, card.id).id == card.id
    assert client.v1.payment_methods.detach(card.id).customer is None
    assert not client.v1.customers.payment_methods.list(customer.id).data
    with pytest.raises(stripe.InvalidRequestError, match="not attached"):
        client.v1.payment_methods.detach(card.id)
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        client.v1.payment_methods.attach(card.id, {"customer": customer.id})
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        client.v1.payment_intents.create(hold(payment_method=card.id))
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.customers.payment_methods.retrieve(customer.id, card.id)
    assert refused.value.http_status == 404


def test_a_card_belongs_to_one_customer(client: stripe.StripeClient, hold: Any):
    owner = client.v1.customers.create({"payment_method": "pm_card_visa"})
    other = client.v1.customers.create()
    (card,) = client.v1.customers.payment_methods.list(owner.id).data
    with pytest.raises(stripe.InvalidRequestError, match="already been attached"):
        client.v1.payment_methods.attach(card.id, {"customer": other.id})
    with pytest.raises(stripe.InvalidRequestError, match="does not belong"):
        client.v1.payment_intents.create(hold(payment_method=card.id, customer=other.id))
    with pytest.raises(stripe.InvalidRequestError, match="Please include the Customer"):
        client.v1.payment_intents.create(hold(payment_method=card.id))


def test_a_card_without_a_customer_is_used_once(client: stripe.StripeClient, hold: Any):
    card = client.v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})
    client.v1.payment_intents.create(hold(payment_method=card.id))
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        client.v1.payment_intents.create(hold(payment_method=card.id))


def test_setup_for_future_usage_attaches_the_card(client: stripe.StripeClient, hold: Any):
    customer = client.v1.customers.create()
    client.v1.payment_intents.create(hold(customer=customer.id, setup_future_usage="off_session"))
    assert len(client.v1.customers.payment_methods.list(customer.id).data) == 1
