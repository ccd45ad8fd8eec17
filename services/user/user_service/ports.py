"""What the use cases need of the outside."""

from collections.abc import Callable, Collection, Mapping
from typing import Protocol, TypeVar

from user_service.domain import Refusal, Registered, SavedCard, User

T = TypeVar("T")


class Users(Protocol):
    """The users, inside one transaction: what is saved is kept when, and only when, it commits."""

    def get(self, clerk_user_id: str) -> User | None:
        """The user, if there is one."""
        ...

    def get_many(self, clerk_user_ids: Collection[str]) -> Mapping[str, User]:
        """Those of these users that exist, by id; one question to the database."""
        ...

    def add(self, clerk_user_id: str, stripe_customer_id: str) -> Registered:
        """The user, created where there was none.

        A user that exists stays as it is, but for a customer that it lacked. Safe to repeat, and
        to run twice at once.
        """
        ...

    def replace_customer(self, clerk_user_id: str, lost: str, stripe_customer_id: str) -> None:
        """Give the user another customer if its customer still is the lost one.

        The card is forgotten: it was the lost customer's.
        """
        ...

    def save_card(self, clerk_user_id: str, card: SavedCard) -> None:
        """Replace the card of a user; of one that does not exist, nothing."""
        ...

    def remove_card(self, clerk_user_id: str, payment_method_id: str) -> None:
        """Remove the user's card if it still is this one."""
        ...


class Transaction(Protocol):
    """Runs a piece of work in one transaction."""

    async def __call__(self, work: Callable[[Users], T]) -> T:
        """The result of `work`, committed. The work may run more than once.

        Raises:
            UsersUnavailable: The database is away; nothing was committed.
        """
        ...


class Stripe(Protocol):
    """The Stripe account. Every call is safe to repeat.

    Each raises StripeUnavailable where Stripe does not answer, after a bounded number of tries
    with one idempotency key, and StripeKeyRefused; what Stripe decides against is a Refusal.
    """

    async def create_customer(self, clerk_user_id: str, lost: str | None = None) -> str | Refusal:
        """The id of the user's customer: the same one each time, for as long as a key is kept.

        Args:
            clerk_user_id: Whose.
            lost: The customer that the user had, where Stripe has it no more; the new one is
                another, and the same one each time for this lost one.
        """
        ...

    async def has_customer(self, customer_id: str) -> bool:
        """Whether Stripe has the customer; False only where Stripe says that it has not."""
        ...

    async def set_email(self, customer_id: str, email: str) -> Refusal | None:
        """Give the customer this e-mail address."""
        ...

    async def look_up_card(self, payment_method_id: str) -> SavedCard | Refusal:
        """The payment method under the id it was asked for by, attached or not."""
        ...

    async def attach_card(self, payment_method_id: str, customer_id: str) -> SavedCard | Refusal:
        """The payment method as it is once it belongs to the customer; a token gets a new id."""
        ...

    async def detach_card(self, payment_method_id: str, customer_id: str) -> Refusal | None:
        """Take the payment method from the customer; if it is not the customer's, do nothing."""
        ...
