"""The money of an account: sums per currency, and the movements of each PaymentIntent."""

from dataclasses import dataclass

from stripe_emulator.account.account import Account
from stripe_emulator.objects.charge import Charge
from stripe_emulator.objects.payment_intent import PaymentIntent
from stripe_emulator.wire.json import JsonObject


@dataclass(slots=True)
class Totals:
    """Sums over all charges of a currency, in its minor unit.

    authorized = captured + released + held, and refunded ≤ captured.
    """

    authorized: int = 0
    captured: int = 0
    released: int = 0
    refunded: int = 0
    held: int = 0


def totals(account: Account) -> dict[str, Totals]:
    """Sum up the charges of each currency in which money was ever held."""
    sums: dict[str, Totals] = {}
    for charge in account.charges:
        if charge.failure is None:
            total = sums.setdefault(charge.currency, Totals())
            total.authorized += charge.amount
            total.captured += charge.amount_captured
            total.released += charge.amount_released
            total.refunded += charge.amount_refunded
            total.held += charge.amount_held
    return sums


def movements(account: Account, intent: PaymentIntent) -> JsonObject:
    """Return a PaymentIntent with its holds, captures, releases and refunds.

    Each `at` is in seconds since 1970.
    """
    charges = [charge for charge in account.charges.group(intent.id) if charge.failure is None]
    return {
        "id": intent.id,
        "created": intent.created,
        "status": intent.status,
        "amount": intent.amount,
        "currency": intent.currency,
        "customer": intent.customer,
        "metadata": intent.metadata,
        "holds": [_movement(charge, charge.amount, charge.created) for charge in charges],
        "captures": [
            _movement(charge, charge.amount_captured, charge.captured_at)
            for charge in charges
            if charge.amount_captured
        ],
        "releases": [
            _movement(charge, charge.amount_released, charge.released_at)
            for charge in charges
            if charge.amount_released
        ],
        "refunds": [
            {"refund": refund.id, **_movement(charge, refund.amount, refund.created)}
            for charge in charges
            for refund in account.refunds.group(charge.id)
            if not refund.reversal and refund.failure_reason is None
        ],
        "held": sum(charge.amount_held for charge in charges),
    }


def _movement(charge: Charge, amount: int, at: int | None) -> JsonObject:
    return {"charge": charge.id, "amount": amount, "at": at}
