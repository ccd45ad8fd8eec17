"""Comparison of a payment with Stripe's state."""

from payment_service.model.observation import observe
from payment_service.model.stripe_results import IntentSnapshot


def test_a_capture_of_more_than_the_hold_releases_nothing(payment_in):
    payment = payment_in("authorized")
    taken = IntentSnapshot(payment.payment_intent_id, "succeeded", 1299, 1400)

    now = observe(payment, taken).payment

    assert (now.captured, now.released) == (1400, 0)
