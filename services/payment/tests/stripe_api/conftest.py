"""Declines as Stripe reports them."""

import pytest

# Confirmed off session: https://docs.stripe.com/testing#declined-payments
DECLINES = [
    ("card_declined", "generic_decline", None, "try_again_later"),
    ("card_declined", "insufficient_funds", None, "try_again_later"),
    ("card_declined", "lost_card", None, "do_not_try_again"),
    ("card_declined", "stolen_card", None, "do_not_try_again"),
    ("expired_card", "expired_card", "exp_month", "confirm_card_data"),
    ("incorrect_cvc", "incorrect_cvc", "cvc", "confirm_card_data"),
    ("processing_error", "processing_error", None, "try_again_later"),
    ("card_declined", "fraudulent", None, None),
]


@pytest.fixture(params=DECLINES)
def decline(request):
    """The fields of a decline that Stripe reports."""
    code, decline_code, param, advice_code = request.param
    return {
        "code": code,
        "decline_code": decline_code,
        "param": param,
        "advice_code": advice_code,
    }
