"""Payment methods: attachment, detachment and reuse."""

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
import stripe

Pay: TypeAlias = Callable[..., stripe.PaymentIntent]


@pytest.fixture
def card(client: stripe.StripeClient, customer: stripe.Customer) -> stripe.PaymentMethod:
    """A succeeding card that is attached to the customer."""
    return client.v1.payment_methods.attach("pm_card_mastercard", {"customer": customer.id})


def new_card(client: stripe.StripeClient) -> stripe.PaymentMethod:
    return client.v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})


@pytest.mark.feature("Payment methods: create and change")
def test_card_is_created_from_a_token(client: stripe.StripeClient):
    card = client.v1.payment_methods.create(
        {
            "type": "card",
            "card": {"token": "tok_visa"},
            "billing_details": {"name": "Ann", "address": {"city": "Bern"}},
        }
    )
    assert (card.card.last4, card.billing_details.name) == ("4242", "Ann")
    assert card.billing_details.address.to_dict()["country"] is None


@pytest.mark.feature("Payment methods: create and change")
def test_update_changes_only_the_given_attributes(
    client: stripe.StripeClient, card: stripe.PaymentMethod
):
    for details in ({"name": "Ann"}, {"email": "a@example.com"}):
        changed = client.v1.payment_methods.update(card.id, {"billing_details": details})
    assert (changed.billing_details.name, changed.billing_details.email) == (
        "Ann",
        "a@example.com",
    )


@pytest.mark.feature("Payment methods: create and change")
@pytest.mark.parametrize("token", ["tok_unknown", None])
def test_card_requires_a_token(client: stripe.StripeClient, token: str | None):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_methods.create({"type": "card", "card": {"token": token}})
    assert refused.value.http_status == 400


@pytest.mark.feature("Payment methods: create and change")
def test_token_can_be_retrieved(client: stripe.StripeClient):
    card = client.v1.payment_methods.retrieve("pm_card_visa_chargeDeclined")
    assert (card.card.last4, card.customer) == ("0002", None)


@pytest.mark.feature("Payment methods: attach and detach")
def test_attaching_a_token_creates_a_payment_method(
    client: stripe.StripeClient, card: stripe.PaymentMethod, customer: stripe.Customer
):
    assert card.id.startswith("pm_1")
    assert (card.customer, card.card.brand, card.card.last4) == (customer.id, "mastercard", "4444")
    assert client.v1.payment_methods.retrieve(card.id).to_dict() == card.to_dict()
    (listed,) = client.v1.payment_methods.list({"customer": customer.id, "type": "card"}).data
    assert listed.id == card.id
    found = client.v1.customers.payment_methods.retrieve(customer.id, card.id)
    assert (found.id, found.customer) == (card.id, customer.id)


@pytest.mark.feature("Payment methods: attach and detach")
def test_attaching_again_changes_nothing(
    client: stripe.StripeClient, card: stripe.PaymentMethod, customer: stripe.Customer
):
    again = client.v1.payment_methods.attach(card.id, {"customer": customer.id})
    assert again.to_dict() == card.to_dict()


@pytest.mark.feature("Payment methods: attach and detach")
def test_card_is_attached_to_one_customer_only(
    client: stripe.StripeClient, card: stripe.PaymentMethod
):
    other = client.v1.customers.create()
    with pytest.raises(stripe.InvalidRequestError, match="already been attached"):
        client.v1.payment_methods.attach(card.id, {"customer": other.id})


@pytest.mark.feature("Payment methods: attach and detach")
def test_attaching_requires_a_customer(client: stripe.StripeClient):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_methods.attach("pm_card_visa")
    assert (refused.value.http_status, refused.value.code) == (400, "parameter_missing")


@pytest.mark.feature("Payment methods: attach and detach")
def test_detached_card_has_no_customer(
    client: stripe.StripeClient, card: stripe.PaymentMethod, customer: stripe.Customer
):
    assert client.v1.payment_methods.detach(card.id).customer is None
    assert not client.v1.customers.payment_methods.list(customer.id).data
    with pytest.raises(stripe.InvalidRequestError, match="not attached"):
        client.v1.payment_methods.detach(card.id)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.customers.payment_methods.retrieve(customer.id, card.id)
    assert refused.value.http_status == 404


@pytest.mark.feature("Payment methods: used again, and never again")
def test_attached_card_can_be_charged_repeatedly(
    pay: Pay, card: stripe.PaymentMethod, customer: stripe.Customer
):
    for _ in range(2):
        intent = pay(customer=customer.id, payment_method=card.id)
        assert (intent.status, intent.payment_method) == ("requires_capture", card.id)


@pytest.mark.feature("Payment methods: used again, and never again")
def test_detached_card_cannot_be_used(
    client: stripe.StripeClient, pay: Pay, card: stripe.PaymentMethod, customer: stripe.Customer
):
    client.v1.payment_methods.detach(card.id)
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        client.v1.payment_methods.attach(card.id, {"customer": customer.id})
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        pay(payment_method=card.id)


@pytest.mark.feature("Payment methods: used again, and never again")
def test_card_without_a_customer_can_be_charged_once(client: stripe.StripeClient, pay: Pay):
    card = new_card(client)
    assert pay(payment_method=card.id).status == "requires_capture"
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        pay(payment_method=card.id)


@pytest.mark.feature("Payment methods: used again, and never again")
def test_setup_for_future_usage_attaches_the_card(
    client: stripe.StripeClient, pay: Pay, customer: stripe.Customer
):
    pay(customer=customer.id, setup_future_usage="off_session")
    assert len(client.v1.customers.payment_methods.list(customer.id).data) == 1


@pytest.mark.feature("Payment methods: of another customer")
def test_card_of_another_customer_is_refused(
    client: stripe.StripeClient, pay: Pay, card: stripe.PaymentMethod
):
    other: Any = client.v1.customers.create()
    with pytest.raises(stripe.InvalidRequestError, match="does not belong") as refused:
        pay(payment_method=card.id, customer=other.id)
    assert (refused.value.code, refused.value.param) == (None, "payment_method")


@pytest.mark.feature("Payment methods: of another customer")
def test_card_of_a_customer_requires_the_customer(pay: Pay, card: stripe.PaymentMethod):
    with pytest.raises(stripe.InvalidRequestError, match="Please include the Customer") as refused:
        pay(payment_method=card.id)
    assert (refused.value.code, refused.value.param) == ("parameter_missing", "source")
