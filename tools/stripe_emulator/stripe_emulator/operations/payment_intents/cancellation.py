"""The end of a PaymentIntent: someone cancels it, or its hold stands uncaptured for too long.

And what else time brings: refunds that fail.
https://docs.stripe.com/payments/place-a-hold-on-a-payment-method
"""

from heapq import heappop, heappush

from stripe_emulator.account.account import Account
from stripe_emulator.objects.charge import Charge
from stripe_emulator.objects.event import NO_REQUEST
from stripe_emulator.objects.payment_intent import PaymentIntent
from stripe_emulator.operations.payment_intents import states as intent_states
from stripe_emulator.operations.refunds import fail, new_refund
from stripe_emulator.wire.json import JsonObject

_REFUND_REASONS = ("duplicate", "fraudulent", "requested_by_customer")


def cancel_intent(account: Account, intent: PaymentIntent, reason: str | None) -> None:
    """Cancel a PaymentIntent that can be canceled, and give back what it holds."""
    _end(account, intent, reason, refund_reason=reason if reason in _REFUND_REASONS else None)


def watch(account: Account, charge: Charge) -> None:
    """Have this charge's hold end at its `capture_before`."""
    if charge.capture_before is not None:
        heappush(account.deadlines, (charge.capture_before, charge.id))


def expire_due(account: Account) -> None:
    """End every hold whose time is over, and fail what is to fail, in the order of their deadlines.

    Whenever it is called, each ends at its deadline: what becomes of it does not depend on when
    anybody looks. It costs as much as there are due, however many stand.
    """
    now = account.clock.now()
    while account.deadlines and account.deadlines[0][0] <= now:
        due, item_id = heappop(account.deadlines)
        with account.clock.stopped(due), account.caused_by(NO_REQUEST):
            if (refund := account.refunds.get(item_id)) is not None:
                fail(account, refund)
            charge = account.charges.get(item_id)
            if charge is not None and charge.amount_held:
                account.emit("charge.expired", charge)
                intent = account.payment_intent(charge.payment_intent)
                _end(account, intent, "automatic", refund_reason="expired_uncaptured_charge")


def _end(
    account: Account, intent: PaymentIntent, reason: str | None, *, refund_reason: str | None
) -> None:
    charge = account.latest_charge(intent)
    held = charge.amount_held if charge is not None else 0
    intent_states.cancel(intent, charge, reason, account.clock.now())
    if charge is not None and held:
        before: JsonObject = {"amount_refunded": 0, "refunded": False}
        account.emit("refund.created", new_refund(account, charge, held, refund_reason))
        account.emit("charge.refunded", charge, before)
    account.emit("payment_intent.canceled", intent)
