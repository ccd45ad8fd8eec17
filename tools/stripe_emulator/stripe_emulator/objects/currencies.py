"""Currencies and the amounts that Stripe takes in each.

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
"""The least amount, in minor units: seen for USD, for other currencies unverified."""
MAXIMUM = 99_999_999
_TOO_LOW = (
    "The amount must be greater than or equal to the minimum charge amount allowed for your "
    "account and the currency set "
    "(https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).  If you want to save "
    "a Payment Method for future use without an immediate payment, use a Setup Intent instead: "
    "https://docs.stripe.com/payments/setup-intents"
)


def check_currency(currency: str) -> str:
    """The currency in small letters.

    Raises:
        InvalidParameters: Stripe does not take it.
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
    """The amount, in the currency's minor unit.

    Raises:
        InvalidParameters: it is none or too large, or a fraction that the currency lacks.
    """
    if amount < 1:
        raise _refused(_TOO_LOW, "parameter_invalid_integer")
    if amount > MAXIMUM:
        raise _refused(
            f"Amount must be no more than {shown(MAXIMUM, currency)}", "amount_too_large"
        )
    if currency in _THREE_DECIMAL and amount % 10:
        raise _refused(
            "For three-decimal currencies the amount must be a multiple of 10.",
            "parameter_invalid_integer",
        )
    return amount


def check_minimum(amount: int, currency: str) -> None:
    """Refuse to charge less than Stripe charges; a PaymentIntent may wait with less.

    Raises:
        InvalidParameters: it is less.
    """
    if amount < MINIMUM:
        raise _refused(f"Amount must be at least {shown(MINIMUM, currency)}", "amount_too_small")


def shown(amount: int, currency: str) -> str:
    """The amount as Stripe's messages write it, such as `$0.50 usd`."""
    return f"{plain(amount, currency)} {currency}"


def plain(amount: int, currency: str) -> str:
    """The amount without its currency's name, such as `$0.50`."""
    sign = "$" if currency == "usd" else ""
    decimals = 0 if currency in ZERO_DECIMAL else 3 if currency in _THREE_DECIMAL else 2
    return f"{sign}{amount / 10**decimals:,.{decimals}f}"


def decimals(currency: str) -> int:
    """How many of an amount's digits stand after the decimal point."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in _THREE_DECIMAL else 2


def _refused(message: str, code: str) -> InvalidParameters:
    return InvalidParameters(message, code=code, param="amount")
