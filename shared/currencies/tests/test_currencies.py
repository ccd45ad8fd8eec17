"""The table of currencies."""

import pytest
from saga_currencies import (
    CURRENCIES,
    amount_error,
    currency_of,
    format_amount,
    from_stripe,
    to_stripe,
)


@pytest.mark.parametrize(
    ("code", "ours", "stripes", "text"),
    [
        ("usd", 1299, 1299, "12.99 USD"), ("jpy", 1299, 1299, "1299 JPY"),
        ("kwd", 1290, 1290, "1.290 KWD"), ("ugx", 5000, 500_000, "5000 UGX"),
        ("isk", 5, 500, "5 ISK"), ("huf", 1045, 1045, "10.45 HUF"),
        ("twd", 80_045, 80_045, "800.45 TWD"),
    ],
)  # fmt: skip
def test_an_amount_is_converted_for_stripe_and_for_people(code, ours, stripes, text):
    assert (to_stripe(ours, code), from_stripe(stripes, code)) == (stripes, ours)
    assert format_amount(ours, code) == text


@pytest.mark.parametrize(
    ("code", "largest"),
    [("usd", 99_999_999), ("jpy", 99_999_999), ("ugx", 999_999), ("idr", 999_999_999_999),
     ("kwd", 99_999_990)],
)  # fmt: skip
def test_the_largest_amount_follows_from_stripes_digits(code, largest):
    step = currency_of(code).step
    assert amount_error(largest, code) is None
    assert "exceeds the maximum" in str(amount_error(largest + step, code))


def test_a_third_decimal_must_be_0():
    assert amount_error(1290, "bhd") is None
    assert "multiple of 10" in str(amount_error(1299, "bhd"))


def test_every_currency_is_converted_without_a_loss():
    for code, currency in CURRENCIES.items():
        assert from_stripe(to_stripe(currency.maximum, code), code) == currency.maximum
        assert to_stripe(currency.maximum, code) <= currency.stripe_maximum
