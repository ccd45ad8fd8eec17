"""Payments as the dashboard shows them: a row of the table, and the details."""

from stripe_emulator.account.account import Account
from stripe_emulator.account.movements import movements
from stripe_emulator.objects.charge import Charge
from stripe_emulator.objects.currencies import decimals
from stripe_emulator.objects.payment_intent import PaymentIntent
from stripe_emulator.wire.json import JsonObject

_ERROR_ATTRIBUTES = ("code", "decline_code", "message")


def payment_row(account: Account, intent: PaymentIntent) -> JsonObject:
    """Return a row; `decimals` is the number of digits after the decimal point of amounts."""
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
    """Return the row with the movements of money, all attempts, and the whole object."""
    charges = account.charges.group(intent.id)
    return {
        **payment_row(account, intent),
        "ledger": movements(account, intent),
        "charges": [_attempt(charge) for charge in charges],
        "payment_intent": intent.as_json(),
    }


def find_payments(account: Account, text: str) -> list[PaymentIntent]:
    """Return the payments that match a text, newest first, in time proportional to their number.

    The text is the id of a payment or of a customer, or `key=value` of metadata, ignoring case.
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
