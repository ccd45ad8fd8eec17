"""The account's balance, and the sums that it comes from. https://docs.stripe.com/api/balance."""

from dataclasses import dataclass

from stripe_emulator.account.account import Account
from stripe_emulator.operations.call import Call
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
    """The sums of each currency that money was ever held in."""
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


def retrieve(call: Call) -> JsonObject:
    """What was captured and not refunded, all of it pending: nothing settles, no fee is taken."""
    sums = totals(call.account) or {"usd": Totals()}
    nothing = [{"amount": 0, "currency": currency} for currency in sums]
    pending = {currency: total.captured - total.refunded for currency, total in sums.items()}
    return {
        "object": "balance",
        "available": _amounts(dict.fromkeys(sums, 0)),
        "livemode": False,
        "pending": _amounts(pending),
        "refund_and_dispute_prefunding": {"available": nothing, "pending": nothing},
    }


def _amounts(amounts: dict[str, int]) -> list[JsonObject]:
    return [
        {"amount": amount, "currency": currency, "source_types": {"card": amount}}
        for currency, amount in amounts.items()
    ]
