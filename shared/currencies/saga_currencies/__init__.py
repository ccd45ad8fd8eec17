"""Currencies: their minor units here and at Stripe, their limits, and amounts as text.

The one table of the project. Sources: ISO 4217, and https://docs.stripe.com/currencies with its
sections on zero-decimal and three-decimal currencies, special cases, and maximum amounts. This
module imports nothing, so that every program can use it.
"""

from dataclasses import dataclass
from typing import Final

_CODES: Final = """
    aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd btn bwp byn
    bzd cad cdf chf clp cny cop crc cup cve czk djf dkk dop dzd egp ern etb eur fjd fkp gbp gel ghs
    gip gmd gnf gtq gyd hkd hnl htg huf idr ils inr iqd irr isk jmd jod jpy kes kgs khr kmf kpw krw
    kwd kyd kzt lak lbp lkr lrd lsl lyd mad mdl mga mkd mmk mnt mop mru mur mvr mwk mxn myr mzn nad
    ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sdg sek sgd
    shp sle sos srd ssp stn svc syp szl thb tjs tmt tnd top try ttd twd tzs uah ugx usd uyu uzs ved
    ves vnd vuv wst xaf xcd xcg xof xpf yer zar zmw zwg
""".split()
_ZERO_DECIMAL: Final = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split()
_ZERO_DECIMAL_IN_HUNDREDTHS: Final = ("isk", "ugx")
_THREE_DECIMAL: Final = "bhd jod kwd omr tnd".split()
_USUAL_DIGITS: Final = 8
_MOST_DIGITS: Final = {"idr": 12}


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency.

    Attributes:
        decimals: The digits after the decimal point: an amount of 1 is 10 ** -decimals.
        stripe_factor: An amount at Stripe is this many times ours. 100 for currencies without a
            minor unit that Stripe still takes in hundredths, as it did when they had one.
        step: Amounts are multiples of this: Stripe requires 0 as the third decimal.
        stripe_maximum: The largest amount that Stripe takes, in its unit.
    """

    code: str
    decimals: int = 2
    stripe_factor: int = 1
    step: int = 1
    stripe_maximum: int = 10**_USUAL_DIGITS - 1

    @property
    def maximum(self) -> int:
        """The largest amount, in our unit."""
        return self.stripe_maximum // self.stripe_factor


def _currency(code: str) -> Currency:
    zero = code in _ZERO_DECIMAL or code in _ZERO_DECIMAL_IN_HUNDREDTHS
    three = code in _THREE_DECIMAL
    return Currency(
        code,
        decimals=0 if zero else 3 if three else 2,
        stripe_factor=100 if code in _ZERO_DECIMAL_IN_HUNDREDTHS else 1,
        step=10 if three else 1,
        stripe_maximum=10 ** _MOST_DIGITS.get(code, _USUAL_DIGITS) - 1,
    )


CURRENCIES: Final = {code: _currency(code) for code in _CODES}
"""The currencies of ISO 4217 that are legal tender, by code in lower case as at Stripe."""


def currency_of(code: str) -> Currency:
    """Return the currency; one that is unknown has two decimals."""
    return CURRENCIES.get(code.lower()) or Currency(code.lower())


def to_stripe(amount: int, code: str) -> int:
    """Convert an amount in our unit to Stripe's."""
    return amount * currency_of(code).stripe_factor


def from_stripe(amount: int, code: str) -> int:
    """Convert an amount in Stripe's unit to ours; Stripe requires that nothing is left over."""
    return amount // currency_of(code).stripe_factor


def amount_error(amount: int, code: str) -> str | None:
    """Return the reason that Stripe cannot charge an amount in our unit, None if it can."""
    currency = currency_of(code)
    if amount > currency.maximum:
        return f"{amount} exceeds the maximum of {currency.maximum} in {code}"
    if amount % currency.step:
        return f"{amount} is not a multiple of {currency.step}, as {code} requires"
    return None


def format_amount(amount: int, code: str) -> str:
    """Format an amount in our unit: `1299, "usd"` becomes `12.99 USD`."""
    digits = currency_of(code).decimals
    sign, magnitude = "-" * (amount < 0), abs(amount)
    whole, rest = divmod(magnitude, 10**digits)
    number = f"{whole}.{rest:0{digits}d}" if digits else str(whole)
    return f"{sign}{number} {code.upper()}"
