"""Interfaces that the use cases need: the database and Stripe."""

from collections.abc import Callable, Collection, Mapping
from typing import Protocol, TypeVar

from user_service.domain import Refusal, Registration, SavedCard, User

T = TypeVar("T")


class Users(Protocol):
    """The users, inside one transaction; changes are stored if the transaction commits."""

    def get(self, clerk_user_id: str) -> User | None:
        """Return the user, or None if there is none."""
        ...

    def get_many(self, clerk_user_ids: Collection[str]) -> Mapping[str, User]:
        """Return the existing users among these, by id, with one query."""
        ...

    def add(self, clerk_user_id: str, stripe_customer_id: str) -> Registration:
        """Return the user, created with this customer if there was none.

        An existing user is unchanged, except that a missing customer is set. Safe to repeat, also
        concurrently.
        """
        ...

    def replace_customer(self, clerk_user_id: str, lost: str, stripe_customer_id: str) -> None:
        """Replace the user's customer if it still is `lost`, and delete the card.

        The card belonged to the lost customer.
        """
        ...

    def save_card(self, clerk_user_id: str, card: SavedCard) -> None:
        """Replace the user's card; do nothing if the user does not exist."""
        ...

    def remove_card(self, clerk_user_id: str, payment_method_id: str) -> None:
        """Delete the user's card if it still is this one."""
        ...


class Transaction(Protocol):
    """Runs work in one transaction."""

    async def __call__(self, work: Callable[[Users], T]) -> T:
        """Run `work`, commit it, and return its result. `work` may run more than once.

        Raises:
            UsersUnavailable: The database is unavailable; nothing was committed.
        """
        ...


class Stripe(Protocol):
    """The Stripe account. Every call is safe to repeat.

    Each call raises StripeUnavailable if Stripe does not respond to a limited number of attempts
    with one idempotency key, and StripeKeyRefused if Stripe rejects the key. A request that Stripe
    refuses returns a Refusal.
    """

    async def create_customer(self, clerk_user_id: str, lost: str | None = None) -> str | Refusal:
        """Create the user's customer, and return its id.

        A repeated call returns the same customer, as long as Stripe keeps the idempotency key.

        Args:
            clerk_user_id: The user.
            lost: The user's previous customer, if Stripe no longer has it. A repeated call with
                the same `lost` returns the same new customer.
        """
        ...

    async def has_customer(self, customer_id: str) -> bool:
        """Return False if Stripe reports the customer as missing or deleted, else True."""
        ...

    async def set_email(self, customer_id: str, email: str) -> Refusal | None:
        """Set the customer's email."""
        ...

    async def look_up_card(self, payment_method_id: str) -> SavedCard | Refusal:
        """Return the payment method with the given id, attached or not."""
        ...

    async def attach_card(self, payment_method_id: str, customer_id: str) -> SavedCard | Refusal:
        """Attach the payment method to the customer, and return it; a test token gets a new id."""
        ...

    async def detach_card(self, payment_method_id: str, customer_id: str) -> Refusal | None:
        """Detach the payment method if it is attached to the customer, else do nothing."""
        ...
