"""The Stripe account, through Stripe's SDK: bounded tries, one idempotency key a call."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import uuid4

import stripe
import structlog
import tenacity
from saga_schemas.envelope import derived_message_id
from saga_stripe import is_transient
from stripe import PaymentMethod, RequestOptions

from user_service.domain import Refusal, RefusalCode, SavedCard
from user_service.errors import StripeUnavailable
from user_service.refusals import refusal_of
from user_service.settings import UserServiceSettings

T = TypeVar("T")

logger = structlog.get_logger(__name__)


class StripeGateway:
    """See `ports.Stripe`."""

    def __init__(self, client: stripe.StripeClient, settings: UserServiceSettings) -> None:
        self._methods = client.v1.payment_methods
        self._customers = client.v1.customers
        self._give_up_seconds = settings.stripe_give_up_seconds
        self._retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(is_transient),
            stop=tenacity.stop_after_attempt(settings.stripe_tries),
            wait=tenacity.wait_random_exponential(
                multiplier=0.1, max=settings.stripe_retry_max_seconds
            ),
            before_sleep=_log_retry,
            reraise=True,
        )

    async def create_customer(self, clerk_user_id: str, lost: str | None = None) -> str | Refusal:
        """See `ports.Stripe`: a user always has the same key and the same bytes.

        In place of a lost customer the key is another one: the first is answered with the lost
        customer for as long as Stripe keeps it.
        """
        whose = (clerk_user_id,) if lost is None else (clerk_user_id, lost)
        key = _key(derived_message_id("stripe-customer", *whose))
        metadata = {"clerk_user_id": clerk_user_id}
        made = await self._call(lambda: self._customers.create_async({"metadata": metadata}, key))
        return made if isinstance(made, Refusal) else made.id

    async def has_customer(self, customer_id: str) -> bool:
        """See `ports.Stripe`. Of a deleted customer Stripe still has the id."""
        found = await self._call(
            lambda: self._customers.retrieve_async(customer_id), missing="stripe_customer_invalid"
        )
        if isinstance(found, Refusal):
            return found.code != "stripe_customer_invalid"
        return not getattr(found, "deleted", False)

    async def set_email(self, customer_id: str, email: str) -> Refusal | None:
        """See `ports.Stripe`."""
        key = _key(uuid4())
        done = await self._call(
            lambda: self._customers.update_async(customer_id, {"email": email}, key),
            missing="stripe_customer_invalid",
        )
        return done if isinstance(done, Refusal) else None

    async def look_up_card(self, payment_method_id: str) -> SavedCard | Refusal:
        """See `ports.Stripe`."""
        found = await self._retrieve(payment_method_id)
        return found if isinstance(found, Refusal) else _card(found, payment_method_id)

    async def attach_card(self, payment_method_id: str, customer_id: str) -> SavedCard | Refusal:
        """See `ports.Stripe`.

        The key is new for each call: Stripe answers a key with its first outcome for a day, and
        who tries again after a decline wants to know today's. Nothing is attached twice, since
        what is the customer's already is left alone.
        """
        found = await self._retrieve(payment_method_id)
        if isinstance(found, Refusal):
            return found
        if _owner(found) != customer_id:
            key = _key(uuid4())
            found = await self._call(
                lambda: self._methods.attach_async(
                    payment_method_id, {"customer": customer_id}, key
                )
            )
        return found if isinstance(found, Refusal) else _card(found, found.id)

    async def detach_card(self, payment_method_id: str, customer_id: str) -> Refusal | None:
        """See `ports.Stripe`. A refusal that comes of being detached meanwhile is none."""
        if not await self._belongs(payment_method_id, customer_id):
            return None
        key = _key(uuid4())
        done = await self._call(lambda: self._methods.detach_async(payment_method_id, None, key))
        if isinstance(done, Refusal) and await self._belongs(payment_method_id, customer_id):
            return done
        return None

    async def _belongs(self, payment_method_id: str, customer_id: str) -> bool:
        found = await self._retrieve(payment_method_id)
        return isinstance(found, PaymentMethod) and _owner(found) == customer_id

    async def _retrieve(self, payment_method_id: str) -> PaymentMethod | Refusal:
        return await self._call(lambda: self._methods.retrieve_async(payment_method_id))

    async def _call(
        self, call: Callable[[], Awaitable[T]], missing: RefusalCode = "payment_method_not_found"
    ) -> T | Refusal:
        """Stripe's answer or refusal; `missing` says what an unknown id in the path means.

        Raises:
            StripeUnavailable: No answer that counts, within the tries and the time.
            StripeKeyRefused: Stripe does not accept our key.
        """
        try:
            async with asyncio.timeout(self._give_up_seconds):
                return await self._retrying.copy()(_await, call)
        except Exception as error:
            if is_transient(error) or isinstance(error, (stripe.APIError, stripe.RateLimitError)):
                # Stripe may advise against another try; a 500 is no refusal for that.
                raise StripeUnavailable("Stripe did not answer.") from error
            if isinstance(error, stripe.StripeError):
                return refusal_of(error, missing)
            raise


async def _await(call: Callable[[], Awaitable[T]]) -> T:
    return await call()


def _key(key: object) -> RequestOptions:
    return {"idempotency_key": str(key)}


def _owner(method: PaymentMethod) -> str | None:
    customer = method.customer
    return customer.id if isinstance(customer, stripe.Customer) else customer


def _card(method: PaymentMethod, payment_method_id: str) -> SavedCard:
    if method.card is None:
        return SavedCard(payment_method_id, card_type=method.type)
    return SavedCard(payment_method_id, method.card.brand, method.card.last4)


def _log_retry(state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    logger.warning("stripe_retry", attempt=state.attempt_number, error=str(error))
