"""Cancellation of PaymentIntents, on request and on expiry of the hold; failure of refunds.

https://docs.stripe.com/payments/place-a-hold-on-a-payment-method
"""

from heapq import heappop, heappush

from stripe_emulator.account.account import Account
from stripe_emulator.objects.charge import Charge
from stripe_emulator.objects.event import NO_REQUEST
from stripe_emulator.objects.payment_intent import PaymentIntent
from stripe_emulator.operations.payment_intents import states
from stripe_emulator.operations.refunds import fail_refund, new_refund
from stripe_emulator.wire.json import JsonObject

_REFUND_REASONS = ("duplicate", "fraudulent", "requested_by_customer")


def cancel_intent(account: Account, intent: PaymentIntent, reason: str | None) -> None:
    """Cancel a cancelable PaymentIntent and release its hold."""
    _cancel(account, intent, reason, refund_reason=reason if reason in _REFUND_REASONS else None)


def schedule_expiry(account: Account, charge: Charge) -> None:
    """Schedule the expiry of a charge's hold at its `capture_before`."""
    if charge.capture_before is not None:
        heappush(account.deadlines, (charge.capture_before, charge.id))


def apply_deadlines(account: Account) -> None:
    """Expire every due hold and fail every due refund, in the order of their deadlines.

    Each takes effect as of its deadline, no matter when this is called. The cost is proportional
    to the number that is due.
    """
    now = account.clock.now()
    while account.deadlines and account.deadlines[0][0] <= now:
        due, item_id = heappop(account.deadlines)
        with account.clock.frozen(due), account.caused_by(NO_REQUEST):
            if (refund := account.refunds.get(item_id)) is not None:
                fail_refund(account, refund)
            charge = account.charges.get(item_id)
            if charge is not None and charge.amount_held:
                account.emit("charge.expired", charge)
                intent = account.payment_intent(charge.payment_intent)
                _cancel(account, intent, "automatic", refund_reason="expired_uncaptured_charge")


def _cancel(
    account: Account, intent: PaymentIntent, reason: str | None, *, refund_reason: str | None
) -> None:
    charge = account.latest_charge(intent)
    held = charge.amount_held if charge is not None else 0
    states.cancel(intent, charge, reason, account.clock.now())
    if charge is not None and held:
        before: JsonObject = {"amount_refunded": 0, "refunded": False}
        account.emit("refund.created", new_refund(account, charge, held, refund_reason))
        account.emit("charge.refunded", charge, before)
    account.emit("payment_intent.canceled", intent)
