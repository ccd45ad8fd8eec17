"""The operations on refunds, and failing refunds. https://docs.stripe.com/api/refunds."""

from heapq import heappush
from typing import Final

from stripe_emulator.account.account import Account
from stripe_emulator.account.metadata import merge
from stripe_emulator.objects.charge import Charge
from stripe_emulator.objects.currencies import format_amount
from stripe_emulator.objects.refund import Refund
from stripe_emulator.operations.call import Call
from stripe_emulator.operations.charges import find_charge
from stripe_emulator.operations.lists import list_page
from stripe_emulator.wire.errors import InvalidParameters, ResourceMissing, StripeError
from stripe_emulator.wire.json import JsonObject
from stripe_emulator.wire.parameters import Parameters

FAILS_AFTER_SECONDS: Final = 10
"""The delay of a refund's failure, on the emulator's clock; Stripe publishes no value."""


def create(call: Call) -> JsonObject:
    """Refund a captured charge in full or in part.

    Raises:
        InvalidParameters: If neither a charge nor a PaymentIntent is given, or the amount exceeds
            the unrefunded amount.
        StripeError: If nothing was captured, or everything was refunded before.
    """
    account, parameters = call.account, call.parameters
    charge = _charge(account, parameters)
    amount = check_refundable(charge, parameters.integer("amount"))
    before: JsonObject = {"amount_refunded": charge.amount_refunded}
    charge.amount_refunded += amount
    if charge.refunded:
        before["refunded"] = False
    refund = new_refund(account, charge, amount, parameters.text("reason"))
    refund.metadata = merge({}, parameters.metadata())
    if charge.card.refund_fails:
        heappush(account.deadlines, (account.clock.now() + FAILS_AFTER_SECONDS, refund.id))
    account.emit("refund.created", refund)
    account.emit("charge.refunded", charge, before)
    return refund.as_json()


def fail_refund(account: Account, refund: Refund) -> None:
    """Fail a refund, because the bank returned its money to the account.

    https://docs.stripe.com/refunds#failed-refunds . The changes of the refund were observed in a
    recording; the decrease of the charge's `amount_refunded` and the order of the events were not.
    """
    refund.failure_reason = "expired_or_canceled_card"
    charge = find_charge(account, refund.charge)
    charge.amount_refunded -= refund.amount
    before: JsonObject = {"failure_reason": None, "status": "succeeded"}
    for event_type in ("refund.failed", "refund.updated", "charge.refund.updated"):
        account.emit(event_type, refund, before)


def cancel(call: Call) -> JsonObject:
    """Refuse to cancel: only refunds that require an action can be canceled, never a card's.

    Raises:
        StripeError: Always.
    """
    _refund(call)
    raise StripeError("Canceling this refund is unsupported.")


def retrieve(call: Call) -> JsonObject:
    """Return the refund."""
    return _refund(call).as_json()


def update(call: Call) -> JsonObject:
    """Change the metadata, the only attribute that can change."""
    refund = _refund(call)
    refund.metadata = merge(refund.metadata, call.parameters.metadata())
    call.account.emit("refund.updated", refund)
    call.account.emit("charge.refund.updated", refund)
    return refund.as_json()


def list_all(call: Call) -> JsonObject:
    """List refunds, newest first, all or those of one charge or PaymentIntent."""
    parameters = call.parameters
    return list_page(
        call.account.refunds,
        parameters,
        url="/v1/refunds",
        kind="refund",
        group=parameters.text("charge") or parameters.text("payment_intent"),
    )


def new_refund(account: Account, charge: Charge, amount: int, reason: str | None) -> Refund:
    """Create a refund of a charge; that of an uncaptured charge is a reversal."""
    refund = Refund(
        id=account.ids.new("re"),
        created=account.clock.now(),
        amount=amount,
        currency=charge.currency,
        charge=charge.id,
        payment_intent=charge.payment_intent,
        payment_method=charge.payment_method,
        customer=charge.customer,
        reason=reason,
        reversal=charge.captured_at is None,
    )
    account.refunds.add(refund)
    account.refunds.add_to_group(charge.id, refund)
    account.refunds.add_to_group(charge.payment_intent, refund)
    return refund


def check_refundable(charge: Charge, amount: int | None) -> int:
    """Return the amount to refund: the requested amount, or the whole unrefunded amount.

    Raises:
        InvalidParameters: If the amount is less than 1 or exceeds the unrefunded amount.
        StripeError: If nothing was captured, or everything was refunded before.
    """
    if charge.amount_held:
        raise StripeError(
            "This uncaptured Charge was created by a PaymentIntent "
            f"({charge.payment_intent}). You must cancel the PaymentIntent to reverse the "
            "authorization instead of refunding the Charge directly. For more information, see "
            "https://stripe.com/docs/payments/place-a-hold-on-a-payment-method"
        )
    if charge.captured_at is None:
        raise _nothing_captured(charge.payment_intent)
    if charge.disputed:
        raise StripeError(
            f"Charge {charge.id} has been charged back; cannot issue a refund.",
            code="charge_disputed",
        )
    left = charge.amount_captured - charge.amount_refunded
    if not left:
        raise StripeError(
            f"Charge {charge.id} has already been refunded.", code="charge_already_refunded"
        )
    if amount is None:
        return left
    if amount < 1:
        raise InvalidParameters(
            "This value must be greater than or equal to 1.",
            code="parameter_invalid_integer",
            param="amount",
        )
    if amount > left:
        what = "unrefunded amount on charge" if charge.amount_refunded else "charge amount"
        raise InvalidParameters(
            f"Refund amount ({format_amount(amount, charge.currency)}) is greater than {what} "
            f"({format_amount(left, charge.currency)})",
            param="amount",
        )
    return amount


def _charge(account: Account, parameters: Parameters) -> Charge:
    intent_id, charge_id = parameters.text("payment_intent"), parameters.text("charge")
    if charge_id is not None:
        return find_charge(account, charge_id)
    if intent_id is None:
        raise InvalidParameters(
            "One of the following params should be provided for this request: payment_intent or "
            "charge."
        )
    intent = account.payment_intent(intent_id, "payment_intent", in_path=False)
    charge = account.latest_charge(intent)
    if charge is None:
        raise _nothing_captured(intent.id)
    return charge


def _nothing_captured(intent_id: str) -> StripeError:
    return StripeError(
        f"This PaymentIntent ({intent_id}) does not have a successful charge to refund."
    )


def _refund(call: Call) -> Refund:
    refund = call.account.refunds.get(call.ids[0])
    if refund is None:
        raise ResourceMissing("refund", call.ids[0], param="refund", in_path=True)
    return refund
