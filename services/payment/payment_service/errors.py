"""Errors of the payment service. Business outcomes are values, not exceptions.

PaymentServiceError
├── LeaseLost               the lease is no longer valid: the operation is taken up again
├── StripeUnreadable        a reconciliation cannot read Stripe: it is repeated later
├── PaymentNotFound         the saga has no payment
├── PaymentsRemoved         the payments of the requested time are no longer kept
├── WebhooksNotConfigured   the webhook secret is not set
└── InvalidWebhook          the request is not a Stripe event with a valid signature
"""

from typing import Final

from saga_schemas.text import storable

MAX_DESCRIPTION_LENGTH: Final = 500


def describe(error: BaseException) -> str:
    """Describe the error in one line that PostgreSQL can store."""
    line = " ".join(f"{type(error).__name__}: {error}".split())
    return storable(line[:MAX_DESCRIPTION_LENGTH])


class PaymentServiceError(Exception):
    """Base of this service's errors."""


class LeaseLost(PaymentServiceError):
    """No more requests may be sent: the lease has expired, or this process is stopping."""


class StripeUnreadable(PaymentServiceError):
    """Stripe did not respond to a read."""


class PaymentNotFound(PaymentServiceError):
    """The saga has no payment."""


class PaymentsRemoved(PaymentServiceError):
    """A reconciliation would begin before the time since which payments are kept."""


class WebhooksNotConfigured(PaymentServiceError):
    """The webhook secret is not set, so that no event can be verified."""


class InvalidWebhook(PaymentServiceError):
    """The request is not a Stripe event, or its signature is invalid or out of tolerance."""
