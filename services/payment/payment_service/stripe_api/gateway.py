"""The gateway to Stripe, on the SDK's client."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import stripe

from payment_service.errors import StripeUnreadable, describe
from payment_service.model.authorization import AuthorizationRequest, Outcome
from payment_service.model.lease import Lease
from payment_service.model.ports import (
    Absent,
    AuthorizeResponse,
    HoldResponse,
    Incomplete,
    LookupResult,
    RefundResponse,
    Unknown,
)
from payment_service.model.stripe_results import (
    IntentSnapshot,
    NotFound,
    RefundSnapshot,
    UnreadableObject,
)
from payment_service.model.stripe_system import StripeSystem
from payment_service.stripe_api import requests
from payment_service.stripe_api.errors import (
    FAILURES,
    authorize_error,
    fetch_error,
    hold_error,
    refund_error,
)
from payment_service.stripe_api.fields import Json, metadata_of, read_item
from payment_service.stripe_api.responses import (
    authorization_outcome,
    intent_snapshot,
    refund_snapshot,
)

CLOCK_SLACK_SECONDS: Final = 86_400  # a wrong clock must not hide a PaymentIntent from the lookup
INTENTS: Final = "/v1/payment_intents"
REFUNDS: Final = "/v1/refunds"


class StripeGateway:
    """`ports.Gateway` on Stripe.

    Args:
        client: The SDK's client.
        system: Returns the marks of our PaymentIntents.
        return_url: Where payment methods that redirect return to; None disallows redirects.
    """

    def __init__(
        self,
        client: stripe.StripeClient,
        system: Callable[[], Awaitable[StripeSystem]],
        return_url: str | None = None,
    ) -> None:
        self._caller = requests.Caller(client)
        self._system = system
        self._redirects = requests.redirects(return_url)

    async def authorize(self, request: AuthorizationRequest) -> AuthorizeResponse:
        """Create and confirm the PaymentIntent, with manual capture.

        https://docs.stripe.com/api/payment_intents/create . The same request has the same bytes,
        as long as STRIPE_RETURN_URL and the marks stay the same. After a change, Stripe refuses the
        key (`idempotency_error`), and the PaymentIntent is looked up instead.
        """
        parameters = requests.authorization(request, self._redirects, await self._system())
        try:
            return authorization_outcome(
                await self._caller.post(
                    requests.INTENT, INTENTS, request.idempotency_key, parameters
                )
            )
        except FAILURES as error:
            return authorize_error(error)

    async def find(self, request: AuthorizationRequest, age_seconds: float) -> LookupResult:
        """List the PaymentIntents created since then and compare their metadata.

        Only the customer's are listed, or all of them if Stripe has no such customer: a hold
        outlives its customer. Stripe's search by metadata is not used because it lags behind:
        https://docs.stripe.com/search#data-freshness
        """
        since = int(time.time() - age_seconds - CLOCK_SLACK_SECONDS)
        try:
            try:
                return await self._find(request, since, customer=request.stripe_customer_id)
            except stripe.InvalidRequestError as error:
                if not _is_customer_missing(error):
                    raise
                return await self._find(request, since)
        except FAILURES as error:
            return Unknown(describe(error))

    async def _find(
        self, request: AuthorizationRequest, since: int, **filters: str
    ) -> Outcome | Incomplete | Absent:
        async for intent in self._list_intents(since, **filters):
            if metadata_of(intent).get("saga_id") == request.saga_id:
                return authorization_outcome(intent)
        return Absent()

    async def capture(self, lease: Lease) -> HoldResponse:
        """Capture the hold: https://docs.stripe.com/api/payment_intents/capture ."""
        parameters = requests.capture(lease)
        return await self._end_hold(
            lease.payment_intent_id, "capture", lease.idempotency_key, parameters
        )

    async def cancel(self, lease: Lease) -> HoldResponse:
        """Cancel the PaymentIntent: https://docs.stripe.com/api/payment_intents/cancel ."""
        parameters = requests.cancellation(lease.operation)
        return await self._end_hold(
            lease.payment_intent_id, "cancel", lease.idempotency_key, parameters
        )

    async def release(self, payment_intent_id: str, idempotency_key: str) -> HoldResponse:
        """Cancel a PaymentIntent that no payment refers to."""
        return await self._end_hold(payment_intent_id, "cancel", idempotency_key, {})

    async def _end_hold(
        self, payment_intent_id: str, verb: str, key: str, parameters: Mapping[str, Any]
    ) -> HoldResponse:
        path = f"{INTENTS}/{payment_intent_id}/{verb}"
        try:
            return intent_snapshot(await self._caller.post(requests.INTENT, path, key, parameters))
        except FAILURES as error:
            return hold_error(error)

    async def refund(self, lease: Lease) -> RefundResponse:
        """Create a refund: https://docs.stripe.com/api/refunds/create ."""
        parameters = requests.refund(lease)
        try:
            return refund_snapshot(
                await self._caller.post(requests.REFUND, REFUNDS, lease.idempotency_key, parameters)
            )
        except FAILURES as error:
            return refund_error(error)

    async def fetch(self, payment_intent_id: str) -> IntentSnapshot | NotFound | Unknown:
        """Read the PaymentIntent, then its refunds if any amount was captured.

        The refunds are always listed: the charge does not count one that has failed.
        """
        path = f"{INTENTS}/{payment_intent_id}"
        try:
            found = await self._caller.get(requests.INTENT, path, expand=["latest_charge"])
            intent = intent_snapshot(found)
            if not intent.amount_received:
                return intent
            return replace(intent, refunds=await self._refunds_of(payment_intent_id))
        except FAILURES as error:
            return fetch_error(error)

    async def find_refund(
        self, payment_intent_id: str, refund_id: str
    ) -> RefundSnapshot | Absent | Unknown:
        """List the PaymentIntent's refunds and compare their metadata."""
        try:
            refunds = await self._refunds_of(payment_intent_id)
        except FAILURES as error:
            return Unknown(describe(error))
        return next((refund for refund in refunds if refund.refund_id == refund_id), Absent())

    async def intents_since(self, since: int) -> AsyncIterator[IntentSnapshot | UnreadableObject]:
        """Yield every PaymentIntent created at or after `since`, in seconds since 1970.

        Other systems' PaymentIntents are among them; `system` tells.

        Raises:
            StripeUnreadable: Stripe did not respond.
        """
        try:
            async for intent in self._list_intents(since):
                yield read_item(intent_snapshot, intent)
        except FAILURES as error:
            raise StripeUnreadable(describe(error)) from error

    def _list_intents(self, since: int, **filters: str) -> AsyncIterator[Json]:
        return self._caller.pages(
            INTENTS, created={"gte": since}, expand=["data.latest_charge"], **filters
        )

    async def _refunds_of(self, payment_intent_id: str) -> list[RefundSnapshot]:
        pages = self._caller.pages(REFUNDS, payment_intent=payment_intent_id)
        return [refund_snapshot(refund) async for refund in pages]


def _is_customer_missing(error: stripe.InvalidRequestError) -> bool:
    return error.code == "resource_missing" and error.param == "customer"
