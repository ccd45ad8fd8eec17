"""Checks of a confirmation, before anything is changed."""

from stripe_emulator.account.account import Account, check_usable
from stripe_emulator.objects.payment_intent import PaymentIntent
from stripe_emulator.objects.payment_method import PaymentMethod
from stripe_emulator.operations.payment_intents.creation import check_owner
from stripe_emulator.wire.errors import InvalidParameters, UnexpectedState
from stripe_emulator.wire.parameters import Parameters

_RETURN_URL_MISSING = (
    "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. "
    "Because some of these payment methods might redirect your customer off of your page, you "
    "must provide a `return_url`. If you don't want to accept redirect-based payment methods, "
    "set `automatic_payment_methods[enabled]` to `true` and "
    "`automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and "
    "Payment Intents."
)


def check_redirects(intent: PaymentIntent, return_url: str | None) -> None:
    """Check that a confirmation that may redirect has a `return_url`.

    Raises:
        InvalidParameters: If it is missing.
    """
    if intent.redirects == "always" and return_url is None:
        raise InvalidParameters(_RETURN_URL_MISSING)


def check_method(account: Account, intent: PaymentIntent, parameters: Parameters) -> None:
    """Check that the given payment method, or the PaymentIntent's, can be charged.

    Raises:
        InvalidParameters: If cards are not allowed, or the PaymentIntent's card is another
            customer's or used up.
        UnexpectedState: If there is no payment method.
    """
    _check_types(parameters.texts("payment_method_types") or intent.payment_method_types)
    if parameters.text("payment_method") is None:
        method_to_charge(account, intent)


def method_to_charge(account: Account, intent: PaymentIntent) -> PaymentMethod:
    """Return the PaymentIntent's payment method.

    Raises:
        InvalidParameters: If cards are not allowed, or it is another customer's or used up.
        UnexpectedState: If there is no payment method.
    """
    method = account.payment_methods.get(intent.payment_method) if intent.payment_method else None
    if method is None:
        raise UnexpectedState(_missing_method(intent), intent.as_json())
    _check_types(intent.payment_method_types)
    check_owner(method, intent.customer)
    check_usable(method)
    return method


def _check_types(types: list[str]) -> None:
    if "card" not in types:
        raise InvalidParameters(
            "The PaymentMethod provided (card) is not allowed for this PaymentIntent. Please "
            "attach a PaymentMethod of one of the following types: "
            f"{', '.join(types)}.",
            param="payment_method",
        )


def _missing_method(intent: PaymentIntent) -> str:
    start = "You cannot confirm this PaymentIntent because it's missing a payment method."
    if intent.customer is not None:
        return (
            f"{start} To confirm the PaymentIntent with {intent.customer}, specify a payment "
            "method attached to this customer along with the customer ID."
        )
    return (
        f"{start} You can either update the PaymentIntent with a payment method and then confirm "
        "it again, or confirm it again directly with a payment method or ConfirmationToken."
    )
