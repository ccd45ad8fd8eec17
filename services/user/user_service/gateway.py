"""The Stripe account, through Stripe's SDK: limited attempts, one idempotency key per call."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias
from uuid import uuid4

import stripe
import structlog
import tenacity
from saga_schemas.envelope import derived_message_id
from saga_schemas.text import text_of
from saga_stripe import checked, is_transient, readable_response
from stripe import RequestOptions

from user_service.domain import Refusal, RefusalCode, SavedCard
from user_service.errors import StripeUnavailable
from user_service.settings import UserServiceSettings
from user_service.stripe_errors import refusal_of

Json: TypeAlias = Mapping[str, Any]

CUSTOMER: Final = "customer"
METHOD: Final = "payment_method"

logger = structlog.get_logger(__name__)


class StripeGateway:
    """Implements `ports.Stripe`."""

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
        """See `ports.Stripe`: a user's requests all have the same key and the same bytes.

        A replacement of a lost customer has another key, since Stripe responds to the first key
        with the lost customer for as long as it keeps the key.
        """
        parts = (clerk_user_id,) if lost is None else (clerk_user_id, lost)
        key = _key(derived_message_id("stripe-customer", *parts))
        metadata = {"clerk_user_id": clerk_user_id}
        created = await self._call(
            CUSTOMER, lambda: self._customers.create_async({"metadata": metadata}, key)
        )
        return created if isinstance(created, Refusal) else created["id"]

    async def has_customer(self, customer_id: str) -> bool:
        """See `ports.Stripe`. Stripe still returns a deleted customer, marked as deleted."""
        found = await self._call(
            CUSTOMER,
            lambda: self._customers.retrieve_async(customer_id),
            missing="stripe_customer_invalid",
        )
        if isinstance(found, Refusal):
            return found.code != "stripe_customer_invalid"
        return not found.get("deleted")

    async def set_email(self, customer_id: str, email: str) -> Refusal | None:
        """See `ports.Stripe`."""
        key = _key(uuid4())
        done = await self._call(
            CUSTOMER,
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

        Each call has a new key: Stripe repeats a key's first outcome for a day, whereas a caller
        who retries after a decline needs the current one. A payment method that is attached to the
        customer already is not attached again.
        """
        found = await self._retrieve(payment_method_id)
        if isinstance(found, Refusal):
            return found
        if _owner(found) != customer_id:
            key = _key(uuid4())
            found = await self._call(
                METHOD,
                lambda: self._methods.attach_async(
                    payment_method_id, {"customer": customer_id}, key
                ),
            )
        return found if isinstance(found, Refusal) else _card(found, found["id"])

    async def detach_card(self, payment_method_id: str, customer_id: str) -> Refusal | None:
        """See `ports.Stripe`. A refusal because the card was detached meanwhile is a success."""
        if not await self._belongs(payment_method_id, customer_id):
            return None
        key = _key(uuid4())
        done = await self._call(
            METHOD, lambda: self._methods.detach_async(payment_method_id, None, key)
        )
        if isinstance(done, Refusal) and await self._belongs(payment_method_id, customer_id):
            return done
        return None

    async def _belongs(self, payment_method_id: str, customer_id: str) -> bool:
        found = await self._retrieve(payment_method_id)
        return not isinstance(found, Refusal) and _owner(found) == customer_id

    async def _retrieve(self, payment_method_id: str) -> Json | Refusal:
        return await self._call(METHOD, lambda: self._methods.retrieve_async(payment_method_id))

    async def _call(
        self,
        kind: str,
        call: Callable[[], Awaitable[stripe.StripeObject]],
        missing: RefusalCode = "payment_method_not_found",
    ) -> Json | Refusal:
        """Return Stripe's result or refusal.

        Args:
            kind: The `object` of the result; any other response is retried.
            call: Sends the request.
            missing: The code of the refusal for an unknown id in the path.

        Raises:
            StripeUnavailable: No conclusive response within the attempts and the time limit.
            StripeKeyRefused: Stripe rejected this service's key.
        """
        try:
            async with asyncio.timeout(self._give_up_seconds):
                return await self._retrying.copy()(_read, kind, call)
        except Exception as error:
            if is_transient(error) or isinstance(error, (stripe.APIError, stripe.RateLimitError)):
                # Stripe may advise not to retry a 500, which still does not make it a refusal.
                raise StripeUnavailable("Stripe did not respond.") from error
            if isinstance(error, stripe.StripeError):
                return refusal_of(error, missing)
            raise


async def _read(kind: str, call: Callable[[], Awaitable[stripe.StripeObject]]) -> Json:
    with readable_response():
        return checked((await call()).to_dict(), kind)


def _key(key: object) -> RequestOptions:
    return {"idempotency_key": str(key)}


def _owner(method: Json) -> str | None:
    customer = method.get("customer")
    return customer.get("id") if isinstance(customer, dict) else customer


def _card(method: Json, payment_method_id: str) -> SavedCard:
    card: Any = method.get("card")
    if not isinstance(card, dict):
        return SavedCard(payment_method_id, card_type=text_of(method.get("type")))
    return SavedCard(payment_method_id, text_of(card.get("brand")), text_of(card.get("last4")))


def _log_retry(state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    logger.warning("stripe_retry", attempt=state.attempt_number, error=str(error))
