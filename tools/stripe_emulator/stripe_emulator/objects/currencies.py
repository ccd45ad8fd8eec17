"""Currencies and the amounts that Stripe accepts in each.

https://docs.stripe.com/currencies
"""

from saga_currencies import CURRENCIES as ISO_4217
from saga_currencies import currency_of

from stripe_emulator.wire.errors import InvalidParameters

_NOT_AT_STRIPE = frozenset(
    "btn cup ern ghs iqd irr kpw lyd mru sdg ssp stn svc syp tmt ved ves xcg zwg".split()
)
CURRENCIES = (frozenset(ISO_4217) | {"std"}) - _NOT_AT_STRIPE

MINIMUM = 50
"""The minimum amount in minor units: observed for USD, unverified for other currencies."""
_TOO_LOW = (
    "The amount must be greater than or equal to the minimum charge amount allowed for your "
    "account and the currency set "
    "(https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).  If you want to save "
    "a Payment Method for future use without an immediate payment, use a Setup Intent instead: "
    "https://docs.stripe.com/payments/setup-intents"
)


def check_currency(currency: str) -> str:
    """Return the currency in lower case.

    Raises:
        InvalidParameters: If Stripe does not support it.
    """
    lowered = currency.lower()
    if lowered not in CURRENCIES:
        raise InvalidParameters(
            f"Invalid currency: {lowered}. Stripe currently supports these currencies: "
            f"{', '.join(sorted(CURRENCIES))}",
            param="currency",
        )
    return lowered


def check_amount(amount: int, currency: str) -> int:
    """Return the amount, in the currency's minor unit.

    Raises:
        InvalidParameters: If it is less than 1, has more than eight digits (twelve in IDR), is not
            a multiple of 10 in a three-decimal currency, or not of 100 in ISK and UGX.
    """
    if amount < 1:
        raise _invalid_amount(_TOO_LOW, "parameter_invalid_integer")
    known = currency_of(currency)
    if amount > known.stripe_maximum:
        raise _invalid_amount(
            f"Amount must be no more than {format_with_currency(known.stripe_maximum, currency)}",
            "amount_too_large",
        )
    if amount % known.stripe_factor:  # the wording was not observed
        raise _invalid_amount(
            f"Amounts in {currency} must be evenly divisible by {known.stripe_factor}.",
            "parameter_invalid_integer",
        )
    if amount % known.step:
        raise _invalid_amount(
            "For three-decimal currencies the amount must be a multiple of 10.",
            "parameter_invalid_integer",
        )
    return amount


def check_minimum(amount: int, currency: str) -> None:
    """Check the minimum amount of a charge; an unconfirmed PaymentIntent may have less.

    Raises:
        InvalidParameters: If the amount is less than the minimum.
    """
    if amount < MINIMUM:
        raise _invalid_amount(
            f"Amount must be at least {format_with_currency(MINIMUM, currency)}", "amount_too_small"
        )


def format_with_currency(amount: int, currency: str) -> str:
    """Format an amount as in Stripe's messages, such as `$0.50 usd`."""
    return f"{format_amount(amount, currency)} {currency}"


def format_amount(amount: int, currency: str) -> str:
    """Format an amount without the currency's name, such as `$0.50`."""
    sign = "$" if currency == "usd" else ""
    digits = decimals(currency)
    return f"{sign}{amount / 10**digits:,.{digits}f}"


def decimals(currency: str) -> int:
    """Return the number of digits after the decimal point in an amount at Stripe."""
    known = currency_of(currency)
    return known.decimals + (2 if known.stripe_factor > 1 else 0)


def _invalid_amount(message: str, code: str) -> InvalidParameters:
    return InvalidParameters(message, code=code, param="amount")
