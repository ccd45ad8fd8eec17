"""Stripe, through the SDK's client."""

import time
from collections.abc import Mapping
from typing import Any, Final

import aiohttp
import stripe

from payment_service.classify import Json, answer_of_error, outcome_of_intent
from payment_service.domain import Outcome, Payment
from payment_service.errors import describe
from payment_service.ports import Absent, Answer, Finding, Open, Unknown

CLOCK_SLACK_SECONDS: Final = 86_400  # our clock may be wrong; what it hides, we would deny
PAGE_SIZE: Final = 100
_FAILURES: Final = (stripe.StripeError, aiohttp.ClientError, TimeoutError, OSError)


class StripeGateway:
    """`ports.Gateway` on Stripe.

    It uses the SDK's raw requests: building the SDK's objects from a PaymentIntent with its charge
    was measured at 0.8 ms of CPU, three times the rest of the call.
    """

    def __init__(self, client: stripe.StripeClient, return_url: str | None = None) -> None:
        self._client = client
        self._redirects = _redirects(return_url)

    async def authorize(self, payment: Payment) -> Answer:
        """Create and confirm the PaymentIntent, to be captured by hand.

        https://docs.stripe.com/api/payment_intents/create . The same payment gives the same bytes,
        as long as STRIPE_RETURN_URL stays what it is; where it does not, Stripe refuses the key
        (`idempotency_error`), and the PaymentIntent is looked up instead.
        """
        try:
            intent = await self._request(
                "post",
                "/v1/payment_intents",
                idempotency_key=payment.idempotency_key,
                **self._parameters(payment),
            )
            return outcome_of_intent(intent)
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
        query: dict[str, Any] = {
            "created": {"gte": since},
            "limit": PAGE_SIZE,
            "expand": ["data.latest_charge"],
            **whose,
        }
        while True:
            page = await self._request("get", "/v1/payment_intents", **query)
            for intent in page["data"]:
                if intent["metadata"].get("saga_id") == payment.saga_id:
                    return outcome_of_intent(intent)
            if not page["has_more"]:
                return Absent()
            query["starting_after"] = page["data"][-1]["id"]

    async def _request(self, method: str, path: str, **parameters: Any) -> Json:
        response = await self._client.raw_request_async(method, path, **parameters)
        if not isinstance(response.data, Mapping):
            raise stripe.APIError("The answer is no JSON object.", http_status=response.code)
        return response.data

    def _parameters(self, payment: Payment) -> dict[str, Any]:
        return {
            "amount": payment.amount,
            "currency": payment.currency,
            "customer": payment.stripe_customer_id,
            "payment_method": payment.payment_method_id,
            "capture_method": "manual",
            "confirm": True,
            "off_session": True,
            **self._redirects,
            # Stripe takes an empty description for an attempt to unset it, and refuses.
            **({"description": payment.description} if payment.description else {}),
            "metadata": {
                "saga_id": payment.saga_id,
                "attempt": str(payment.attempt),
                "clerk_user_id": payment.clerk_user_id,
            },
            "expand": ["latest_charge"],
        }


def _names_no_customer(error: stripe.InvalidRequestError) -> bool:
    return error.code == "resource_missing" and error.param == "customer"


def _redirects(return_url: str | None) -> dict[str, Any]:
    if return_url:
        return {"automatic_payment_methods": {"enabled": True}, "return_url": return_url}
    return {"automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}}
