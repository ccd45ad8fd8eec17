"""The states of a PaymentIntent: its transitions and their effect on the money.

requires_payment_method ⇄ requires_confirmation → requires_action → requires_capture → succeeded
and canceled from each but succeeded. A refused transition changes nothing.
https://docs.stripe.com/payments/paymentintents/lifecycle
"""

from stripe_emulator.objects.charge import Charge
from stripe_emulator.objects.payment_intent import PaymentIntent
from stripe_emulator.wire.errors import InvalidParameters, StripeError, UnexpectedState
from stripe_emulator.wire.json import JsonObject

_EDITABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
_CANCELABLE = (
    "requires_payment_method",
    "requires_capture",
    "requires_reauthorization",
    "requires_confirmation",
    "requires_action",
    "expired",
    "processing",
)


def check_confirmable(intent: PaymentIntent) -> None:
    """Check that a PaymentIntent can be confirmed.

    Raises:
        UnexpectedState: If money is held, captured or released.
    """
    if intent.status == "succeeded":
        raise _unexpected(
            intent,
            "You cannot confirm this PaymentIntent because it has already succeeded after being "
            "previously confirmed.",
        )
    if intent.status not in _EDITABLE:
        raise _unexpected(
            intent,
            f"You cannot confirm this PaymentIntent because it has a status of {intent.status}. "
            "Only a PaymentIntent with one of the following statuses may be confirmed: "
            "requires_confirmation, requires_action.",
        )


def check_editable(intent: PaymentIntent, param: str) -> None:
    """Check that a parameter can be changed, which is the case before money is held.

    Raises:
        UnexpectedState: If money is held, captured or released.
    """
    if intent.status not in _EDITABLE:
        raise UnexpectedState(
            f"This PaymentIntent's {param} could not be updated because it has a status of "
            f"{intent.status}. You may only update the {param} of a PaymentIntent with one of "
            f"the following statuses: {', '.join(_EDITABLE)}.",
            intent.as_json(),
            param,
        )


def set_payment_method(intent: PaymentIntent, method_id: str | None) -> None:
    """Set or remove the payment method."""
    intent.payment_method = method_id
    intent.status = "requires_confirmation" if method_id else "requires_payment_method"
    intent.next_action = None


def approve(intent: PaymentIntent, charge: Charge, now: int) -> None:
    """Record a successful charge: hold the money, or capture it if capture is automatic."""
    intent.payment_method = charge.payment_method
    intent.latest_charge = charge.id
    intent.last_payment_error = None
    intent.next_action = None
    if intent.manual_capture:
        intent.status = "requires_capture"
        intent.amount_capturable = charge.amount
    else:
        intent.status = "succeeded"
        intent.amount_received = charge.amount
        charge.amount_captured = charge.amount
        charge.captured_at = now


def decline(intent: PaymentIntent, charge: Charge | None, error: JsonObject) -> None:
    """Record a failed charge or a missing authentication; another card may follow."""
    intent.status = "requires_payment_method"
    intent.payment_method = None
    intent.latest_charge = charge.id if charge else None
    intent.last_payment_error = {**error, "payment_method_type": "card"}
    intent.next_action = None


def require_action(intent: PaymentIntent, method_id: str, next_action: JsonObject) -> None:
    """Require the cardholder's authentication before the charge."""
    intent.status = "requires_action"
    intent.payment_method = method_id
    intent.last_payment_error = None
    intent.next_action = next_action


def check_capturable(intent: PaymentIntent, amount: int | None) -> int:
    """Return the amount to capture: the requested amount, or the whole hold.

    Raises:
        UnexpectedState: If nothing is held.
        StripeError: If the amount is less than 1 or exceeds the hold.
    """
    if intent.status == "succeeded":
        raise _unexpected(
            intent,
            "The remaining amount on this PaymentIntent could not be captured because the "
            "remainder of the authorized amount has been released.",
        )
    if intent.status != "requires_capture":
        raise _unexpected(
            intent,
            "This PaymentIntent could not be captured because it has a status of "
            f"{intent.status}. Only a PaymentIntent with one of the following statuses may be "
            "captured: requires_capture.",
        )
    if amount is None:
        return intent.amount_capturable
    if amount < 0:
        raise InvalidParameters(
            "Invalid non-negative integer",
            param="amount_to_capture",
            payment_intent=intent.as_json(),
        )
    if amount == 0:
        raise InvalidParameters(
            "This value must be greater than or equal to 1.",
            code="parameter_invalid_integer",
            param="amount",
            payment_intent=intent.as_json(),
        )
    if amount > intent.amount_capturable:
        raise StripeError(
            "The payment could not be captured because the requested capture amount is greater "
            "than the amount you can capture for this charge. Contact us via "
            "https://support.stripe.com/contact/ for help.",
            code="amount_too_large",
            payment_intent=intent.as_json(),
        )
    return amount


def capture(intent: PaymentIntent, charge: Charge, amount: int, now: int) -> None:
    """Capture `amount` of the hold and release the rest, which is not a refund."""
    charge.amount_captured = amount
    charge.captured_at = now
    if amount < charge.amount:
        charge.amount_released = charge.amount - amount
        charge.released_at = now
    intent.status = "succeeded"
    intent.amount_capturable = 0
    intent.amount_received = amount


def check_cancelable(intent: PaymentIntent) -> None:
    """Check that a PaymentIntent can be canceled.

    Raises:
        UnexpectedState: If it has succeeded or is canceled.
    """
    if intent.status not in _CANCELABLE:
        raise _unexpected(
            intent,
            f"You cannot cancel this PaymentIntent because it has a status of {intent.status}. "
            "Only a PaymentIntent with one of the following statuses may be canceled: "
            f"{', '.join(_CANCELABLE)}.",
        )


def cancel(intent: PaymentIntent, charge: Charge | None, reason: str | None, now: int) -> None:
    """Cancel the PaymentIntent and release its hold."""
    if charge is not None and charge.amount_held:
        charge.canceled = True
        charge.amount_released = charge.amount_held
        charge.released_at = now
    intent.status = "canceled"
    intent.canceled_at = now
    intent.cancellation_reason = reason
    intent.amount_capturable = 0
    intent.next_action = None


def _unexpected(intent: PaymentIntent, message: str) -> UnexpectedState:
    return UnexpectedState(message, intent.as_json())
