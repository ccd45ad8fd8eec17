"""The operations on payment methods. https://docs.stripe.com/api/payment_methods."""

from stripe_emulator.account.account import Account, missing_payment_method
from stripe_emulator.account.event_log import previous_attributes
from stripe_emulator.account.metadata import merge
from stripe_emulator.objects.cards import CARD_TOKENS
from stripe_emulator.objects.payment_method import PaymentMethod, merge_billing_details
from stripe_emulator.operations.call import Call
from stripe_emulator.operations.lists import list_page
from stripe_emulator.wire.errors import InvalidParameters, ParameterMissing
from stripe_emulator.wire.json import JsonObject
from stripe_emulator.wire.parameters import Parameters


def create(call: Call) -> JsonObject:
    """Create a card from a token such as `tok_visa`; like Stripe, refuse raw card numbers.

    Raises:
        InvalidParameters: If the token is unknown or missing.
    """
    token = call.parameters.nested("card").text("token")
    if token is None:
        raise ParameterMissing("card[token]")
    card = CARD_TOKENS.get(token)
    if card is None:
        raise InvalidParameters(
            f"No such token: '{token}'", code="resource_missing", param="card[token]"
        )
    method = call.account.mint_payment_method(card)
    _change(method, call.parameters)
    return method.as_json()


def retrieve(call: Call) -> JsonObject:
    """Return the payment method; a token creates one."""
    return call.account.payment_method(call.ids[0], in_path=True).as_json()


def update(call: Call) -> JsonObject:
    """Change the given attributes."""
    method = call.account.payment_method(call.ids[0], in_path=True)
    before = method.as_json()
    _change(method, call.parameters)
    changed = previous_attributes(before, method.as_json())
    if changed:
        call.account.emit("payment_method.updated", method, changed)
    return method.as_json()


def attach(call: Call) -> JsonObject:
    """Attach a payment method or a token to a customer; repeating it changes nothing."""
    customer = call.parameters.text("customer")
    if customer is None:
        raise InvalidParameters(
            "Must provide customer or customer_account.", code="parameter_missing"
        )
    call.account.customer(customer, "customer", in_path=False)
    method = attachable(call.account, call.ids[0], in_path=True)
    call.account.attach(method, customer)
    return method.as_json()


def detach(call: Call) -> JsonObject:
    """Detach a payment method, permanently.

    Raises:
        InvalidParameters: If it is not attached to a customer.
    """
    method = call.account.payment_method(call.ids[0], in_path=True)
    if method.customer is None:
        raise InvalidParameters(
            "The payment method you provided is not attached to a customer so detachment is "
            "impossible."
        )
    call.account.detach(method)
    return method.as_json()


def list_of_customer(call: Call) -> JsonObject:
    """List the payment methods of the customer in the path, newest first."""
    customer = call.account.customer(call.ids[0], "customer")
    return _list(call, customer.id, f"/v1/customers/{customer.id}/payment_methods")


def retrieve_of_customer(call: Call) -> JsonObject:
    """Return a payment method of the customer in the path."""
    customer = call.account.customer(call.ids[0], "customer")
    method = call.account.payment_methods.get(call.ids[1])
    if method is None or method.customer != customer.id:
        raise missing_payment_method(call.ids[1], in_path=True)
    return method.as_json()


def list_all(call: Call) -> JsonObject:
    """List the payment methods of the customer in the parameters, newest first.

    Raises:
        ParameterMissing: If no customer is given.
    """
    customer = call.parameters.text("customer")
    if customer is None:
        raise ParameterMissing("customer")
    call.account.customer(customer, "customer", in_path=False)
    return _list(call, customer, "/v1/payment_methods")


def attachable(account: Account, method_id: str, *, in_path: bool) -> PaymentMethod:
    """Return the payment method of an id or a token; `in_path` tells where it was given.

    Raises:
        CardDeclined: If the card declines and is not one that can be attached nevertheless.
        ResourceMissing: If it is unknown.
    """
    method = account.payment_method(method_id, in_path=in_path)
    decline = method.card.decline
    if decline is not None and not method.card.attachable:
        raise decline.as_error()
    return method


def _list(call: Call, customer_id: str, url: str) -> JsonObject:
    if call.parameters.text("type") not in {None, "card"}:
        return {"object": "list", "data": [], "has_more": False, "url": url}
    return list_page(
        call.account.payment_methods,
        call.parameters,
        url=url,
        kind="PaymentMethod",
        group=customer_id,
    )


def _change(method: PaymentMethod, parameters: Parameters) -> None:
    details = parameters.mapping("billing_details")
    if details is not None:
        method.billing_details = merge_billing_details(method.billing_details, details)
    allow_redisplay = parameters.text("allow_redisplay")
    if allow_redisplay is not None:
        method.allow_redisplay = allow_redisplay
    method.metadata = merge(method.metadata, parameters.metadata())
