"""Currencies and the amounts that Stripe accepts in each.

https://docs.stripe.com/currencies
"""

from stripe_emulator.wire.errors import InvalidParameters

ZERO_DECIMAL = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf".split())
_THREE_DECIMAL = frozenset("bhd jod kwd omr tnd".split())
_TWO_DECIMAL = frozenset(
    """aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad
    cdf chf cny cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl
    htg huf idr ils inr isk jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop
    mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk php pkr pln qar ron rsd rub sar
    sbd scr sek sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah usd uyu uzs wst xcd
    yer zar zmw""".split()
)
CURRENCIES = ZERO_DECIMAL | _TWO_DECIMAL | _THREE_DECIMAL

MINIMUM = 50
"""The minimum amount in minor units: observed for USD, unverified for other currencies."""
MAXIMUM = 99_999_999
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
        InvalidParameters: If it is less than 1 or more than 99,999,999, or, in a three-decimal
            currency, is not a multiple of 10.
    """
    if amount < 1:
        raise _invalid_amount(_TOO_LOW, "parameter_invalid_integer")
    if amount > MAXIMUM:
        raise _invalid_amount(
            f"Amount must be no more than {format_with_currency(MAXIMUM, currency)}",
            "amount_too_large",
        )
    if currency in _THREE_DECIMAL and amount % 10:
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
    """Return the number of digits after the decimal point."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in _THREE_DECIMAL else 2


def _invalid_amount(message: str, code: str) -> InvalidParameters:
    return InvalidParameters(message, code=code, param="amount")
