"""Parameters that the emulator does not support are refused without effect."""

from typing import Any

import pytest
import stripe


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"transfer_data": {"destination": "acct_1"}}, "transfer_data"),
        (
            {"payment_method_options": {"card": {"request_three_d_secure": "any"}}},
            "payment_method_options[card][request_three_d_secure]",
        ),
    ],
)
def test_unsupported_parameter_is_refused(
    client: stripe.StripeClient, hold: Any, changes: dict[str, Any], param: str
):
    with pytest.raises(stripe.InvalidRequestError, match="does not support") as refused:
        client.v1.payment_intents.create(hold(**changes))
    assert (refused.value.http_status, refused.value.param) == (400, param)


def test_card_is_refused_for_other_payment_method_types(client: stripe.StripeClient, hold: Any):
    changes = {"payment_method_types": ["link"], "automatic_payment_methods": None}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.create(hold(**changes))
    assert (refused.value.http_status, refused.value.param) == (400, "payment_method")


def test_refused_request_creates_no_payment_intent(client: stripe.StripeClient, hold: Any):
    for changes in ({"automatic_payment_methods": None}, {"colour": "red"}, {"amount": 1}):
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.payment_intents.create(hold(**changes))
    assert not client.v1.payment_intents.list().data
