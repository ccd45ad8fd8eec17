"""The operation on the balance. https://docs.stripe.com/api/balance."""

from stripe_emulator.account.movements import Totals, totals
from stripe_emulator.operations.call import Call
from stripe_emulator.wire.json import JsonObject


def retrieve(call: Call) -> JsonObject:
    """Return the captured and not refunded amounts, all pending: no payout, no fee."""
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
