"""Cards that require authentication, on session."""

from typing import Any, NamedTuple

import pytest
import stripe


class Authentication(NamedTuple):
    token: str
    outcome: str
    status: str


@pytest.mark.parametrize(
    "case",
    [
        Authentication("threeDSecure2Required", "succeeded", "requires_capture"),
        Authentication("threeDSecure2Required", "failed", "requires_payment_method"),
        Authentication(
            "authenticationRequiredChargeDeclinedInsufficientFunds",
            "succeeded",
            "requires_payment_method",
        ),
    ],
)
def test_redirect_completes_the_authentication(
    client: stripe.StripeClient, http: Any, hold: Any, case: Authentication
):
    intent = client.v1.payment_intents.create(
        hold(
            payment_method=f"pm_card_{case.token}",
            off_session=None,
            return_url="https://example.com/back",
        )
    )
    url = intent.next_action.redirect_to_url.url
    response = http.get(url, params={"outcome": case.outcome})
    assert response.status_code == 303
    assert response.headers["location"] == "https://example.com/back"
    after = client.v1.payment_intents.retrieve(intent.id)
    assert (after.status, after.next_action) == (case.status, None)
    assert http.get(url).status_code == 404
