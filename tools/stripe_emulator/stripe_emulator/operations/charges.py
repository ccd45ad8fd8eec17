"""The operations on charges. https://docs.stripe.com/api/charges."""

from stripe_emulator.account.account import Account
from stripe_emulator.objects.charge import Charge
from stripe_emulator.objects.payment_intent import PaymentIntent
from stripe_emulator.objects.payment_method import PaymentMethod
from stripe_emulator.operations.call import Call
from stripe_emulator.operations.lists import list_page
from stripe_emulator.wire.errors import ResourceMissing
from stripe_emulator.wire.json import JsonObject


def retrieve(call: Call) -> JsonObject:
    """Return the charge."""
    return find_charge(call.account, call.ids[0]).as_json()


def list_all(call: Call) -> JsonObject:
    """List charges, newest first, all or those of one PaymentIntent or customer."""
    return list_page(
        call.account.charges,
        call.parameters,
        url="/v1/charges",
        kind="charge",
        group=call.parameters.text("payment_intent") or call.parameters.text("customer"),
    )


def find_charge(account: Account, charge_id: str) -> Charge:
    """Return the charge with an id.

    Raises:
        ResourceMissing: If it is unknown; 404 even if the id was in the body, unlike other objects.
    """
    charge = account.charges.get(charge_id)
    if charge is None:
        raise ResourceMissing("charge", charge_id, param="id", in_path=True)
    return charge


def new_charge(account: Account, intent: PaymentIntent, method: PaymentMethod) -> Charge:
    """Create a charge of a PaymentIntent, whose outcome the caller sets."""
    charge = Charge(
        id=account.ids.new("ch"),
        created=account.clock.now(),
        amount=intent.amount,
        currency=intent.currency,
        payment_intent=intent.id,
        payment_method=method.id,
        card=method.card,
        billing_details=method.billing_details,
        customer=intent.customer,
        description=intent.description,
        receipt_email=intent.receipt_email,
        shipping=intent.shipping,
        statement_descriptor=intent.statement_descriptor,
        statement_descriptor_suffix=intent.statement_descriptor_suffix,
        transfer_group=intent.transfer_group,
        metadata=intent.metadata,
    )
    account.charges.add(charge)
    account.charges.add_to_group(intent.id, charge)
    if intent.customer is not None:
        account.charges.add_to_group(intent.customer, charge)
    return charge
