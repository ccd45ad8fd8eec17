"""What is nobody's decision: exceptions of this service.

PaymentServiceError
└── LeaseLost      another executor may have the payment: leave it alone, it is taken up again
"""


class PaymentServiceError(Exception):
    """Base of this service's errors."""


class LeaseLost(PaymentServiceError):
    """The lease of a payment was not renewed in time; nothing more may be sent for it."""
