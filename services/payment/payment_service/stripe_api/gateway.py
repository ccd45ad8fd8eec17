"""Stripe, through the SDK's client."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Final

import aiohttp
import stripe

from payment_service.errors import StripeUnreadable, describe
from payment_service.model.authorization import Outcome, Payment
from payment_service.model.ports import Absent, Answer, Finding, Lease, Open, Settled, Unknown
from payment_service.model.stripe_results import Missing, Refused, Returned, Seen
from payment_service.stripe_api.errors import (
    missing_by_error,
    refused_by_error,
    returned_of,
    seen_of,
    settled_by_error,
)
from payment_service.stripe_api.requests import (
    Caller,
    authorization,
    cancellation,
    redirects,
    refund_of,
)
from payment_service.stripe_api.responses import Json, answer_of_error, outcome_of_intent

CLOCK_SLACK_SECONDS: Final = 86_400  # our clock may be wrong; what it hides, we would deny
INTENTS: Final = "/v1/payment_intents"
_FAILURES: Final = (stripe.StripeError, aiohttp.ClientError, TimeoutError, OSError)


class StripeGateway:
    """`ports.Gateway` on Stripe."""

    def __init__(
        self, client: stripe.StripeClient, system: str, return_url: str | None = None
    ) -> None:
        """Marks what it makes as `system`'s, and takes no other PaymentIntent for ours."""
        self._caller = Caller(client)
        self._system = system
        self._redirects = redirects(return_url)

    async def authorize(self, payment: Payment) -> Answer:
        """Create and confirm the PaymentIntent, to be captured by hand.

        https://docs.stripe.com/api/payment_intents/create . The same payment gives the same bytes,
        as long as STRIPE_RETURN_URL stays what it is; where it does not, Stripe refuses the key
        (`idempotency_error`), and the PaymentIntent is looked up instead.
        """
        parameters = authorization(payment, self._redirects, self._system)
        try:
            return outcome_of_intent(
                await self._caller.post(INTENTS, payment.idempotency_key, parameters)
            )
        except _FAILURES as error:
            return answer_of_error(error)

    async def find(self, payment: Payment, age_seconds: float) -> Finding:
        """List the PaymentIntents since then and compare their metadata.

        The customer's, or all where Stripe does not have the customer: a hold outlives the
        customer it was made for. Stripe's search could ask for the metadata, but lags behind:
        https://docs.stripe.com/search#data-freshness
        """
        since = int(time.time() - age_seconds - CLOCK_SLACK_SECONDS)
        try:
            try:
                return await self._find(payment, since, customer=payment.stripe_customer_id)
            except stripe.InvalidRequestError as error:
                if not _names_no_customer(error):
                    raise
                return await self._find(payment, since)
        except _FAILURES as error:
            return Unknown(describe(error))

    async def _find(self, payment: Payment, since: int, **whose: str) -> Outcome | Open | Absent:
        async for intent in self._intents_since(since, **whose):
            if intent["metadata"].get("saga_id") == payment.saga_id:
                return outcome_of_intent(intent)
        return Absent()

    async def capture(self, lease: Lease) -> Settled:
        """https://docs.stripe.com/api/payment_intents/capture ."""
        return await self._settle(lease, "capture", {"amount_to_capture": lease.operation.amount})

    async def cancel(self, lease: Lease) -> Settled:
        """https://docs.stripe.com/api/payment_intents/cancel ."""
        return await self._settle(lease, "cancel", cancellation(lease.operation))

    async def release(self, payment_intent_id: str, idempotency_key: str) -> Settled:
        """Cancel a PaymentIntent that no payment has."""
        path = f"{INTENTS}/{payment_intent_id}/cancel"
        try:
            return seen_of(await self._caller.post(path, idempotency_key, {}))
        except _FAILURES as error:
            return settled_by_error(error)

    async def _settle(self, lease: Lease, verb: str, parameters: dict[str, Any]) -> Settled:
        path = f"{INTENTS}/{lease.payment_intent_id}/{verb}"
        try:
            return seen_of(await self._caller.post(path, lease.idempotency_key, parameters))
        except _FAILURES as error:
            return settled_by_error(error)

    async def refund(self, lease: Lease) -> Returned | Refused | Unknown:
        """https://docs.stripe.com/api/refunds/create ."""
        parameters = refund_of(lease)
        try:
            return returned_of(
                await self._caller.post("/v1/refunds", lease.idempotency_key, parameters)
            )
        except _FAILURES as error:
            return refused_by_error(error)

    async def look(self, payment_intent_id: str) -> Seen | Missing | Unknown:
        """Read the PaymentIntent, then its refunds where anything was captured.

        The charge does not say whether there are any: one that failed counts no more.
        """
        path = f"{INTENTS}/{payment_intent_id}"
        try:
            intent = await self._caller.get(path, expand=["latest_charge"])
            seen = seen_of(intent)
            if not seen.amount_received:
                return seen
            return replace(seen, refunds=await self._refunds_of(payment_intent_id))
        except _FAILURES as error:
            return missing_by_error(error)

    async def find_refund(
        self, payment_intent_id: str, refund_id: str
    ) -> Returned | Absent | Unknown:
        """List the PaymentIntent's refunds and compare their metadata."""
        try:
            refunds = await self._refunds_of(payment_intent_id)
        except _FAILURES as error:
            return Unknown(describe(error))
        return next((each for each in refunds if each.refund_id == refund_id), Absent())

    async def seen_since(self, since: int) -> AsyncIterator[Seen]:
        """Every PaymentIntent that was made at or after `since`, in seconds since 1970.

        One that another system made names no saga of ours, whatever its metadata say.

        Raises:
            StripeUnreadable: Stripe gave no answer.
        """
        try:
            async for intent in self._intents_since(since):
                ours = intent.get("metadata", {}).get("system") == self._system
                yield seen_of(intent) if ours else replace(seen_of(intent), saga_id="")
        except _FAILURES as error:
            raise StripeUnreadable(describe(error)) from error

    def _intents_since(self, since: int, **whose: str) -> AsyncIterator[Json]:
        return self._caller.pages(
            INTENTS, created={"gte": since}, expand=["data.latest_charge"], **whose
        )

    async def _refunds_of(self, payment_intent_id: str) -> list[Returned]:
        pages = self._caller.pages("/v1/refunds", payment_intent=payment_intent_id)
        return [returned_of(refund) async for refund in pages]


def _names_no_customer(error: stripe.InvalidRequestError) -> bool:
    return error.code == "resource_missing" and error.param == "customer"
