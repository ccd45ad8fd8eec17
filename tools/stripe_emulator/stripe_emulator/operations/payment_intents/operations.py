"""The operations on PaymentIntents. https://docs.stripe.com/api/payment_intents."""

from stripe_emulator.account.metadata import merge
from stripe_emulator.objects.currencies import check_amount, check_currency, check_minimum
from stripe_emulator.objects.payment_intent import PaymentIntent
from stripe_emulator.operations.call import Call
from stripe_emulator.operations.disputes import open_dispute
from stripe_emulator.operations.lists import list_page
from stripe_emulator.operations.payment_intents import states
from stripe_emulator.operations.payment_intents.cancellation import cancel_intent
from stripe_emulator.operations.payment_intents.confirmation import Confirmation, confirm_intent
from stripe_emulator.operations.payment_intents.confirmation_checks import (
    check_method,
    check_redirects,
)
from stripe_emulator.operations.payment_intents.creation import (
    build_payment_intent,
    resolve_payment_method,
)
from stripe_emulator.wire.json import JsonObject
from stripe_emulator.wire.parameters import Parameters

_COLUMNS = (
    "description",
    "receipt_email",
    "setup_future_usage",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
)


def create(call: Call) -> JsonObject:
    """Create a PaymentIntent and, with `confirm`, confirm it; a declined one is kept."""
    account = call.account
    intent = build_payment_intent(account, call.parameters)
    confirmation = Confirmation.from_parameters(call.parameters, call.base_url)
    confirming = call.parameters.flag("confirm")
    if confirming:
        check_minimum(intent.amount, intent.currency)
        check_redirects(intent, confirmation.return_url)
    account.payment_intents.add(intent)
    account.intents_by_metadata.add(intent.id, intent.metadata)
    if intent.customer is not None:
        account.payment_intents.add_to_group(intent.customer, intent)
    account.emit("payment_intent.created", intent)
    if confirming:
        confirm_intent(account, intent, confirmation)
    return intent.as_json()


def retrieve(call: Call) -> JsonObject:
    """Return the PaymentIntent."""
    return call.account.payment_intent(call.ids[0]).as_json()


def update(call: Call) -> JsonObject:
    """Change the given attributes; amount and payment method only before money is held."""
    intent = call.account.payment_intent(call.ids[0])
    _check_update(intent, call.parameters)
    _change(call, intent)
    intent.last_payment_error = None
    return intent.as_json()


def confirm(call: Call) -> JsonObject:
    """Confirm a PaymentIntent, with another payment method if one is given."""
    intent = call.account.payment_intent(call.ids[0])
    confirmation = Confirmation.from_parameters(call.parameters, call.base_url)
    states.check_confirmable(intent)
    check_minimum(intent.amount, intent.currency)
    check_redirects(intent, confirmation.return_url)
    check_method(call.account, intent, call.parameters)
    _change(call, intent)
    confirm_intent(call.account, intent, confirmation)
    return intent.as_json()


def capture(call: Call) -> JsonObject:
    """Capture the hold in full or in part; the rest is released."""
    intent = call.account.payment_intent(call.ids[0])
    amount = states.check_capturable(intent, call.parameters.integer("amount_to_capture"))
    charge = call.account.latest_charge(intent)
    if charge is not None:
        states.capture(intent, charge, amount, call.account.clock.now())
        call.account.emit("charge.captured", charge, {"amount_captured": 0, "captured": False})
    _change(call, intent)
    call.account.emit("payment_intent.succeeded", intent)
    if charge is not None:
        open_dispute(call.account, charge)
    return intent.as_json()


def cancel(call: Call) -> JsonObject:
    """Cancel a PaymentIntent and release its hold."""
    intent = call.account.payment_intent(call.ids[0])
    states.check_cancelable(intent)
    cancel_intent(call.account, intent, call.parameters.text("cancellation_reason"))
    return intent.as_json()


def list_all(call: Call) -> JsonObject:
    """List PaymentIntents, newest first, all or those of one customer."""
    customer = call.parameters.text("customer")
    if customer is not None:
        call.account.customer(customer, "customer", in_path=False)
    return list_page(
        call.account.payment_intents,
        call.parameters,
        url="/v1/payment_intents",
        kind="payment_intent",
        group=customer,
    )


def _check_update(intent: PaymentIntent, parameters: Parameters) -> None:
    for param in ("amount", "currency", "payment_method", "customer", "capture_method"):
        if param in parameters:
            states.check_editable(intent, param)
    amount, currency = parameters.integer("amount"), parameters.text("currency")
    if amount is not None or currency is not None:
        wanted = intent.amount if amount is None else amount
        check_amount(wanted, check_currency(currency or intent.currency))


def _change(call: Call, intent: PaymentIntent) -> None:
    parameters = call.parameters
    customer = parameters.text("customer")
    if customer is not None:
        call.account.customer(customer, "customer", in_path=False)
    method = resolve_payment_method(call.account, parameters, customer or intent.customer)
    if customer is not None:
        _change_customer(call, intent, customer)
    if method is not None:
        states.set_payment_method(intent, method)
    intent.amount = parameters.integer("amount") or intent.amount
    intent.currency = (parameters.text("currency") or intent.currency).lower()
    intent.capture_method = parameters.text("capture_method") or intent.capture_method
    if "payment_method_types" in parameters:
        intent.payment_method_types = parameters.texts("payment_method_types")
        intent.redirects = None
    if "shipping" in parameters:
        intent.shipping = parameters.mapping("shipping")
    for column in _COLUMNS:
        if column in parameters:
            setattr(intent, column, parameters.text(column))
    intent.metadata = merge(intent.metadata, parameters.metadata())
    call.account.intents_by_metadata.add(intent.id, parameters.metadata() or {})


def _change_customer(call: Call, intent: PaymentIntent, customer: str) -> None:
    if intent.customer is not None:
        call.account.payment_intents.remove_from_group(intent.customer, intent)
    intent.customer = customer
    call.account.payment_intents.add_to_group(customer, intent)
