"""The operations on customers. https://docs.stripe.com/api/customers."""

from stripe_emulator.account.account import Account
from stripe_emulator.account.event_log import previous_attributes
from stripe_emulator.account.metadata import merge
from stripe_emulator.objects.customer import Customer
from stripe_emulator.operations.call import Call
from stripe_emulator.operations.lists import list_page
from stripe_emulator.operations.payment_methods import attachable
from stripe_emulator.wire.json import JsonObject
from stripe_emulator.wire.parameters import Parameters

_NOT_DELETED = "live"


def create(call: Call) -> JsonObject:
    """Create a customer and attach its `payment_method`, if given."""
    account = call.account
    wanted = call.parameters.text("payment_method")
    method = attachable(account, wanted, in_path=False) if wanted else None
    customer = Customer(account.ids.new("cus"), account.clock.now(), account.ids.invoice_prefix())
    account.customers.add(customer)
    account.customers.add_to_group(_NOT_DELETED, customer)
    _change(account, customer, call.parameters)
    if method is not None:
        account.attach(method, customer.id)
    account.emit("customer.created", customer)
    return customer.as_json()


def retrieve(call: Call) -> JsonObject:
    """Return the customer; a deleted one has only its id."""
    customer = call.account.customers.get(call.ids[0])
    if customer is not None and customer.deleted:
        return customer.as_json()
    return call.account.customer(call.ids[0]).as_json()


def update(call: Call) -> JsonObject:
    """Change the given attributes."""
    customer = call.account.customer(call.ids[0])
    before = customer.as_json()
    _change(call.account, customer, call.parameters)
    changed = previous_attributes(before, customer.as_json())
    if changed:
        call.account.emit("customer.updated", customer, changed)
    return customer.as_json()


def delete(call: Call) -> JsonObject:
    """Delete a customer, permanently, and detach its payment methods."""
    account = call.account
    customer = account.customer(call.ids[0])
    for method in account.payment_methods.group(customer.id):
        account.detach(method)
    account.emit("customer.deleted", customer)
    _regroup(account, customer, None)
    account.customers.remove_from_group(_NOT_DELETED, customer)
    customer.deleted = True
    return customer.as_json()


def list_all(call: Call) -> JsonObject:
    """List customers that are not deleted, newest first, all or those of one email address."""
    email = call.parameters.text("email")
    return list_page(
        call.account.customers,
        call.parameters,
        url="/v1/customers",
        kind="customer",
        group=_by_email(email) if email else _NOT_DELETED,
    )


def _change(account: Account, customer: Customer, parameters: Parameters) -> None:
    if "email" in parameters:
        _regroup(account, customer, parameters.text("email"))
    for name in ("name", "phone", "description"):
        if name in parameters:
            setattr(customer, name, parameters.text(name))
    for name in ("address", "shipping"):
        if name in parameters:
            setattr(customer, name, parameters.mapping(name))
    settings = parameters.nested("invoice_settings")
    if "default_payment_method" in settings:
        customer.default_payment_method = settings.text("default_payment_method")
    customer.metadata = merge(customer.metadata, parameters.metadata())


def _regroup(account: Account, customer: Customer, email: str | None) -> None:
    if customer.email:
        account.customers.remove_from_group(_by_email(customer.email), customer)
    if email:
        account.customers.add_to_group(_by_email(email), customer)
    customer.email = email


def _by_email(email: str) -> str:
    return f"email:{email}"
