"""The service's errors. `problems.py` maps each to an HTTP problem.

UserServiceError
├── RequestRefused        the request cannot be fulfilled; its refusal says why
├── UsersUnavailable      PostgreSQL did not respond: retry later
├── StripeUnavailable     Stripe did not respond, or is rate limiting: retry later
└── StripeKeyRefused      Stripe rejected this service's key: an operator must act
"""

from user_service.domain import Refusal


class UserServiceError(Exception):
    """Base of the service's errors."""


class RequestRefused(UserServiceError):
    """The request cannot be fulfilled; repeating it changes nothing."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


class UsersUnavailable(UserServiceError):
    """The database did not respond within the caller's time limit; nothing was stored."""


class StripeUnavailable(UserServiceError):
    """Stripe did not respond within the caller's time limit.

    Stripe may have applied the call; repeating it is safe.
    """


class StripeKeyRefused(UserServiceError):
    """Stripe rejected STRIPE_SECRET_KEY, or the key lacks a permission."""
