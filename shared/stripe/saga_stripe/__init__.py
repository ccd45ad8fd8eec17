"""Access to Stripe: settings, the client, and the classification of errors."""

from saga_stripe.client import running_stripe, stripe_client, stripe_http
from saga_stripe.errors import is_transient
from saga_stripe.responses import (
    checked,
    is_id,
    is_unreadable,
    readable_response,
    unreadable,
)
from saga_stripe.settings import StripeSettings

__all__ = [
    "StripeSettings",
    "checked",
    "is_id",
    "is_transient",
    "is_unreadable",
    "readable_response",
    "running_stripe",
    "stripe_client",
    "stripe_http",
    "unreadable",
]
