"""What is nobody's decision: exceptions of this service.

PaymentServiceError
├── LeaseLost          the payment is no longer ours to work on: it is taken up again
└── StripeUnreadable   a comparison with Stripe cannot go on: it is made again later
"""

from typing import Final

MAX_DESCRIPTION_LENGTH: Final = 500


def describe(error: BaseException) -> str:
    """The error in a line that PostgreSQL can store."""
    return f"{type(error).__name__}: {error}".replace("\0", "")[:MAX_DESCRIPTION_LENGTH]


class PaymentServiceError(Exception):
    """Base of this service's errors."""


class LeaseLost(PaymentServiceError):
    """Nothing more may be sent for a payment: its lease ran out, or this process is to stop."""


class StripeUnreadable(PaymentServiceError):
    """Stripe gave no answer to a mere look."""
