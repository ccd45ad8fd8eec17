"""A payment as the dashboard shows it: a line of the table, and all that is known of it."""

from stripe_emulator.account.account import Account
from stripe_emulator.control.ledger import intent_line
from stripe_emulator.objects.charge import Charge
from stripe_emulator.objects.currencies import decimals
from stripe_emulator.objects.payment_intent import PaymentIntent
from stripe_emulator.wire.json import JsonObject

_ERROR_ATTRIBUTES = ("code", "decline_code", "message")


def payment_line(account: Account, intent: PaymentIntent) -> JsonObject:
    """One line; `decimals` is how many digits of the amounts stand after the decimal point."""
    charge = account.latest_charge(intent)
    customer = account.customers.get(intent.customer) if intent.customer else None
    return {
        "id": intent.id,
        "created": intent.created,
        "status": intent.status,
        "amount": intent.amount,
        "amount_held": charge.amount_held if charge else 0,
        "amount_received": intent.amount_received,
        "currency": intent.currency,
        "decimals": decimals(intent.currency),
        "customer": intent.customer,
        "customer_email": customer.email if customer else None,
        "payment_method": intent.payment_method,
        "card": _card(account, intent, charge),
        "description": intent.description,
        "metadata": intent.metadata,
        "cancellation_reason": intent.cancellation_reason,
        "last_error": _error(intent.last_payment_error),
    }


def payment_detail(account: Account, intent: PaymentIntent) -> JsonObject:
    """The line with what became of the money, every attempt to move it, and the whole object."""
    charges = account.charges.group(intent.id)
    return {
        **payment_line(account, intent),
        "ledger": intent_line(account, intent),
        "charges": [_attempt(charge) for charge in charges],
        "payment_intent": intent.as_json(),
    }


def find_payments(account: Account, text: str) -> list[PaymentIntent]:
    """The payments that a text names, newest first, at the cost of their number.

    It is the id of a payment or of a customer, or metadata as `key=value` in any case of letters.
    """
    key, _, value = text.partition("=")
    found = account.payment_intents.group(text)
    for intent_id in account.intents_by_metadata.find(key, value) if value else [text]:
        intent = account.payment_intents.get(intent_id)
        if intent and (not value or intent.metadata.get(key, "").casefold() == value.casefold()):
            found.append(intent)
    return found[::-1]


def _card(account: Account, intent: PaymentIntent, charge: Charge | None) -> str | None:
    method = account.payment_methods.get(intent.payment_method) if intent.payment_method else None
    card = method.card if method else charge.card if charge else None
    return f"{card.brand} {card.last4}" if card else None


def _error(error: JsonObject | None) -> JsonObject | None:
    return error and {name: error.get(name) for name in _ERROR_ATTRIBUTES}


def _attempt(charge: Charge) -> JsonObject:
    failure = charge.failure
    return {
        "id": charge.id,
        "created": charge.created,
        "amount": charge.amount,
        "card": f"{charge.card.brand} {charge.card.last4}",
        "capture_before": charge.capture_before,
        "failure": failure
        and {
            "code": failure.code,
            "decline_code": failure.decline_code,
            "message": failure.message,
            "advice_code": failure.advice_code,
        },
    }
