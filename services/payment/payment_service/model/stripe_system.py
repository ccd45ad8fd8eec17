"""The marks of this installation's PaymentIntents on a Stripe account that others may share."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class StripeSystem:
    """The identity of this installation at Stripe, from its database.

    Attributes:
        mark: The metadata `system` of new PaymentIntents: `STRIPE_SYSTEM`, or `installation`.
        installation: The metadata `installation` of new PaymentIntents. It was made at random for
            this history of the database, and changes if the database is restored or copied.
        known: The marks of this and earlier installations of the database, and former defaults.
        defaults: The marks that every installation once had. They prove nothing.
        since: The time from which on the database has recorded every payment, aware.
    """

    mark: str
    installation: str
    known: frozenset[str]
    defaults: frozenset[str]
    since: datetime

    def has_made(self, mark: str, installation: str) -> bool:
        """Return True if only this installation can have created a PaymentIntent with these."""
        return mark == self.mark and installation in {"", self.installation}
