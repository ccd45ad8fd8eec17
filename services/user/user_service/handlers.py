"""The use cases. Stripe is never called inside a transaction."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from saga_schemas import Envelope
from saga_schemas.user import RetrievePaymentInfo

from user_service import domain
from user_service.domain import Refusal, Registered, SavedCard, User
from user_service.ports import Stripe, Transaction, Users


class UserHandlers:
    """What can be asked of the service over HTTP.

    Each may raise UsersUnavailable, StripeUnavailable or StripeKeyRefused; the same call, made
    again, then finishes what was begun.
    """

    def __init__(self, transaction: Transaction, stripe: Stripe) -> None:
        self._transaction = transaction
        self._stripe = stripe

    async def register_user(
        self, clerk_user_id: str, email: str | None = None
    ) -> Registered | Refusal:
        """The user, with a customer at Stripe: first there, then here.

        A customer that Stripe has no more is replaced, and its card forgotten.

        The e-mail address is no part of the call that creates the customer, so that a repetition
        with another address is the same call to Stripe; the address last given is the customer's.
        """
        user = await self._get(clerk_user_id)
        known = user.stripe_customer_id if user else None
        customer_id = await self._living_customer(clerk_user_id, known)
        if isinstance(customer_id, Refusal):
            return customer_id
        if email and (refusal := await self._stripe.set_email(customer_id, email)):
            return refusal
        return await self._transaction(
            lambda users: _store(users, clerk_user_id, known, customer_id)
        )

    async def get_user(self, clerk_user_id: str) -> User | Refusal:
        """The user."""
        return await self._get(clerk_user_id) or domain.user_not_found(clerk_user_id)

    async def get_card(self, clerk_user_id: str) -> SavedCard | Refusal:
        """The user's saved card."""
        user = await self.get_user(clerk_user_id)
        if isinstance(user, Refusal):
            return user
        return user.card or domain.payment_method_missing(clerk_user_id)

    async def save_card(
        self, clerk_user_id: str, payment_method_id: str, *, attach: bool
    ) -> SavedCard | Refusal:
        """Attach a payment method to the user's customer and save it as the user's card.

        Without `attach` it only has to exist at Stripe, and is saved under the id that was given.
        The card before it stays attached: an order under way may be using it.
        """
        user = await self.get_user(clerk_user_id)
        if isinstance(user, Refusal):
            return user
        card = await self._card_of(user, payment_method_id, attach=attach)
        if isinstance(card, SavedCard):
            await self._transaction(lambda users: users.save_card(clerk_user_id, card))
        return card

    async def remove_card(self, clerk_user_id: str) -> Refusal | None:
        """Detach the user's card where it is attached to the user's customer, then forget it."""
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

    async def _living_customer(self, clerk_user_id: str, known: str | None) -> str | Refusal:
        """The customer that is known, or a new one where there is none at Stripe."""
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


def _store(users: Users, clerk_user_id: str, known: str | None, customer_id: str) -> Registered:
    if known and known != customer_id:
        users.replace_customer(clerk_user_id, known, customer_id)
    return users.add(clerk_user_id, customer_id)


def answer_payment_info_requests(
    users: Users, requests: Sequence[RetrievePaymentInfo]
) -> Mapping[UUID, Envelope]:
    """One reply for each request, by the request's `message_id`; nothing is written."""
    known = users.get_many({request.payload.clerk_user_id for request in requests})
    return {
        request.message_id: domain.answer(known.get(request.payload.clerk_user_id), request)
        for request in requests
    }
