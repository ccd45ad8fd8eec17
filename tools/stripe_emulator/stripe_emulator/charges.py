"""The operations on charges. https://docs.stripe.com/api/charges."""

from stripe_emulator.call import Call
from stripe_emulator.errors import ResourceMissing
from stripe_emulator.lists import list_page
from stripe_emulator.wire import JsonObject


def retrieve(call: Call) -> JsonObject:
    """The charge."""
    charge = call.account.charges.get(call.ids[0])
    if charge is None:
        raise ResourceMissing("charge", call.ids[0], param="charge", in_path=True)
    return charge.as_json()


def list_all(call: Call) -> JsonObject:
    """Charges, newest first, all or those of one PaymentIntent or customer."""
    return list_page(
        call.account.charges,
        call.parameters,
        url="/v1/charges",
        kind="charge",
        group=call.parameters.text("payment_intent") or call.parameters.text("customer"),
    )
