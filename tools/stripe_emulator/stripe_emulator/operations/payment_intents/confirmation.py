"""Confirmation of PaymentIntents: authentication, charge, hold or decline."""

from dataclasses import dataclass

from stripe_emulator.account.account import Account, check_usable
from stripe_emulator.objects.cards import Decline
from stripe_emulator.objects.payment_intent import PaymentIntent
from stripe_emulator.objects.payment_method import PaymentMethod
from stripe_emulator.operations.charges import new_charge
from stripe_emulator.operations.disputes import open_dispute
from stripe_emulator.operations.payment_intents import card_outcomes, states
from stripe_emulator.operations.payment_intents.cancellation import schedule_expiry
from stripe_emulator.operations.payment_intents.confirmation_checks import method_to_charge
from stripe_emulator.wire.errors import CardDeclined, InvalidParameters
from stripe_emulator.wire.json import JsonObject
from stripe_emulator.wire.parameters import Parameters


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The options of a confirmation; `base_url` is the emulator's URL."""

    base_url: str
    off_session: bool = False
    error_on_requires_action: bool = False
    return_url: str | None = None

    @classmethod
    def from_parameters(cls, parameters: Parameters, base_url: str) -> "Confirmation":
        """Build it from the parameters of `create` or `confirm`."""
        return cls(
            base_url,
            parameters.flag("off_session"),
            parameters.flag("error_on_requires_action"),
            parameters.text("return_url"),
        )


def confirm_intent(account: Account, intent: PaymentIntent, confirmation: Confirmation) -> None:
    """Charge the PaymentIntent's payment method.

    Raises:
        CardDeclined: If the charge failed; the PaymentIntent and the charge have the reason.
        InvalidParameters: If the payment method is another customer's or used up.
        UnexpectedState: If there is no payment method.
    """
    method = method_to_charge(account, intent)
    outcome = card_outcomes.charge_outcome(
        method.card,
        off_session=confirmation.off_session,
        error_on_requires_action=confirmation.error_on_requires_action,
    )
    if outcome == "authenticate":
        states.require_action(intent, method.id, _next_action(intent, confirmation))
        account.emit("payment_intent.requires_action", intent)
    else:
        _charge(account, intent, method, outcome, off_session=confirmation.off_session)


def _next_action(intent: PaymentIntent, confirmation: Confirmation) -> JsonObject:
    """Return a redirect, or without a `return_url` an action of Stripe.js (unverified)."""
    if confirmation.return_url is None:
        return {"type": "use_stripe_sdk", "use_stripe_sdk": {}}
    return {
        "type": "redirect_to_url",
        "redirect_to_url": {
            "return_url": confirmation.return_url,
            "url": f"{confirmation.base_url}/_emulator/authenticate/{intent.id}",
        },
    }


def _charge(
    account: Account,
    intent: PaymentIntent,
    method: PaymentMethod,
    outcome: Decline | str,
    *,
    off_session: bool,
) -> None:
    if isinstance(outcome, Decline):
        raise _decline(account, intent, method, outcome)
    charge = new_charge(account, intent, method)
    if intent.manual_capture:
        charge.capture_before = charge.created + card_outcomes.hold_seconds(
            method.card, off_session=off_session
        )
        schedule_expiry(account, charge)
    states.approve(intent, charge, charge.created)
    account.emit("charge.succeeded", charge)
    if intent.manual_capture:
        account.emit("payment_intent.amount_capturable_updated", intent)
    else:
        account.emit("payment_intent.succeeded", intent)
        open_dispute(account, charge)
    if method.customer is None:
        _attach_or_use_up(account, intent, method)


def _decline(
    account: Account, intent: PaymentIntent, method: PaymentMethod, decline: Decline
) -> CardDeclined:
    charge = None
    if decline.charged:
        charge = new_charge(account, intent, method)
        charge.failure = decline
    error = decline.as_error(charge=charge.id if charge else None, payment_method=method.as_json())
    states.decline(intent, charge, error.attributes())
    if charge is not None:
        account.emit("charge.failed", charge)
    account.emit("payment_intent.payment_failed", intent)
    error.details["payment_intent"] = intent.as_json()
    return error


def _attach_or_use_up(account: Account, intent: PaymentIntent, method: PaymentMethod) -> None:
    """Attach the card if it was set up for later use, otherwise use it up (unverified)."""
    if intent.customer is not None and intent.setup_future_usage is not None:
        account.attach(method, intent.customer)
    else:
        method.used_up = True


def complete_authentication(account: Account, intent: PaymentIntent, *, succeeded: bool) -> None:
    """Charge the card after the authentication, or require another card if it failed.

    `last_payment_error` has a later decline, and the error of a card that was detached or used up
    in the meantime (unverified).
    """
    method = account.payment_methods.get(intent.payment_method or "")
    if intent.status != "requires_action" or method is None:
        return
    try:
        if not succeeded:
            raise _not_authenticated(method)
        check_usable(method)
    except InvalidParameters as refusal:
        states.decline(intent, None, refusal.attributes())
        account.emit("payment_intent.payment_failed", intent)
        return
    if method.card.decline is not None:
        _decline(account, intent, method, method.card.decline)
    else:
        _charge(account, intent, method, "approved", off_session=False)


def _not_authenticated(method: PaymentMethod) -> InvalidParameters:
    return InvalidParameters(
        "The provided PaymentMethod has failed authentication. You can provide "
        "payment_method_data or a new PaymentMethod to attempt to fulfill this PaymentIntent "
        "again.",
        code="payment_intent_authentication_failure",
        payment_method=method.as_json(),
    )
