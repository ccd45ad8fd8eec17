"""Use cases. Stripe is never called inside a transaction."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from saga_schemas import Envelope
from saga_schemas.user import RetrievePaymentInfo

from user_service import domain
from user_service.domain import Refusal, Registration, SavedCard, User
from user_service.ports import Stripe, Transaction, Users


class UserHandlers:
    """Use cases of the HTTP API.

    Each may raise UsersUnavailable, StripeUnavailable or StripeKeyRefused; repeating the call then
    completes the work. A request that cannot be fulfilled returns a Refusal.
    """

    def __init__(self, transaction: Transaction, stripe: Stripe) -> None:
        self._transaction = transaction
        self._stripe = stripe

    async def register_user(
        self, clerk_user_id: str, email: str | None = None
    ) -> Registration | Refusal:
        """Create the user and their Stripe customer, or return the existing user.

        The customer is created at Stripe first, then stored. A customer that no longer exists at
        Stripe is replaced, and its card is deleted here. The customer's email becomes `email`, if
        given; it is set in a call of its own, so that creating the customer stays the same
        request, with the same idempotency key, when a registration is repeated with another email.
        """
        user = await self._get(clerk_user_id)
        known = user.stripe_customer_id if user else None
        customer_id = await self._ensure_customer(clerk_user_id, known)
        if isinstance(customer_id, Refusal):
            return customer_id
        if email and (refusal := await self._stripe.set_email(customer_id, email)):
            return refusal
        return await self._transaction(
            lambda users: _store(users, clerk_user_id, known, customer_id)
        )

    async def get_user(self, clerk_user_id: str) -> User | Refusal:
        """Return the user."""
        return await self._get(clerk_user_id) or domain.user_not_found(clerk_user_id)

    async def get_card(self, clerk_user_id: str) -> SavedCard | Refusal:
        """Return the user's saved card."""
        user = await self.get_user(clerk_user_id)
        if isinstance(user, Refusal):
            return user
        return user.card or domain.payment_method_missing(clerk_user_id)

    async def save_card(
        self, clerk_user_id: str, payment_method_id: str, *, attach: bool
    ) -> SavedCard | Refusal:
        """Attach a payment method to the user's Stripe customer, and save it as the user's card.

        Without `attach`, the payment method only has to exist at Stripe, and is saved with the
        given id. The previous card stays attached, as an order in progress may be using it.
        """
        user = await self.get_user(clerk_user_id)
        if isinstance(user, Refusal):
            return user
        card = await self._card_of(user, payment_method_id, attach=attach)
        if isinstance(card, SavedCard):
            await self._transaction(lambda users: users.save_card(clerk_user_id, card))
        return card

    async def remove_card(self, clerk_user_id: str) -> Refusal | None:
        """Detach the user's card if it is attached to the user's customer, then delete it here."""
        user = await self.get_user(clerk_user_id)
        if isinstance(user, Refusal):
            return user
        card = user.card
        if card is None:
            return None
        if user.stripe_customer_id and (
            refusal := await self._stripe.detach_card(
                card.payment_method_id, user.stripe_customer_id
            )
        ):
            return refusal
        await self._transaction(
            lambda users: users.remove_card(clerk_user_id, card.payment_method_id)
        )
        return None

    async def _ensure_customer(self, clerk_user_id: str, known: str | None) -> str | Refusal:
        """Return the known customer if Stripe has it, else create a customer."""
        if known and await self._stripe.has_customer(known):
            return known
        return await self._stripe.create_customer(clerk_user_id, lost=known)

    async def _card_of(
        self, user: User, payment_method_id: str, *, attach: bool
    ) -> SavedCard | Refusal:
        if not attach:
            return await self._stripe.look_up_card(payment_method_id)
        if user.stripe_customer_id is None:
            return domain.stripe_customer_missing(user.clerk_user_id)
        return await self._stripe.attach_card(payment_method_id, user.stripe_customer_id)

    async def _get(self, clerk_user_id: str) -> User | None:
        return await self._transaction(lambda users: users.get(clerk_user_id))


def _store(users: Users, clerk_user_id: str, known: str | None, customer_id: str) -> Registration:
    if known and known != customer_id:
        users.replace_customer(clerk_user_id, known, customer_id)
    return users.add(clerk_user_id, customer_id)


def reply_to_payment_info_requests(
    users: Users, requests: Sequence[RetrievePaymentInfo]
) -> Mapping[UUID, Envelope]:
    """Return one reply for each request, by the request's `message_id`; write nothing."""
    known = users.get_many({request.payload.clerk_user_id for request in requests})
    return {
        request.message_id: domain.reply_to(request, known.get(request.payload.clerk_user_id))
        for request in requests
    }
