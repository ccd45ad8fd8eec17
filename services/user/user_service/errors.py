"""What is nobody's decision: a part that is away, or our own configuration.

UserServiceError
├── UsersUnavailable      PostgreSQL does not answer: try again later
├── StripeUnavailable     nor does Stripe, or it asks to slow down: try again later
└── StripeKeyRefused      Stripe does not accept our key: an operator must act
"""


class UserServiceError(Exception):
    """Base of this service's errors."""


class UsersUnavailable(UserServiceError):
    """The database did not answer in the time that a caller may wait; nothing was stored."""


class StripeUnavailable(UserServiceError):
    """Stripe gave no answer that counts in the time that a caller may wait.

    What was asked may have happened there; asking the same again is safe.
    """


class StripeKeyRefused(UserServiceError):
    """Stripe refused STRIPE_SECRET_KEY, or what the key is allowed to do."""
