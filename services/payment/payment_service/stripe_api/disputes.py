"""Reading disputes from Stripe: https://docs.stripe.com/api/disputes ."""

from collections.abc import AsyncIterator
from typing import Final

import stripe
from saga_stripe import is_unreadable

from payment_service.errors import StripeUnreadable, describe
from payment_service.model.disputes import Dispute
from payment_service.model.stripe_results import NotFound, UnreadableObject
from payment_service.stripe_api import requests
from payment_service.stripe_api.errors import FAILURES, fetch_error
from payment_service.stripe_api.fields import read_item
from payment_service.stripe_api.responses import dispute_of

DISPUTES: Final = "/v1/disputes"


class DisputeReader:
    """Reads disputes; read-only."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._caller = requests.Caller(client)

    async def since(self, since: int) -> AsyncIterator[Dispute | UnreadableObject]:
        """Yield every dispute created at or after `since`, in seconds since 1970.

        Raises:
            StripeUnreadable: Stripe did not respond, or the key may not read disputes.
        """
        try:
            async for dispute in self._caller.pages(DISPUTES, created={"gte": since}):
                yield read_item(dispute_of, dispute)
        except FAILURES as error:
            raise StripeUnreadable(describe(error)) from error

    async def get(self, dispute_id: str) -> Dispute | UnreadableObject | None:
        """Read a dispute; None if Stripe does not have it.

        Raises:
            StripeUnreadable: Stripe did not respond, or the key may not read disputes.
        """
        try:
            path = f"{DISPUTES}/{dispute_id}"
            return read_item(dispute_of, await self._caller.get(requests.DISPUTE, path))
        except FAILURES as error:
            if isinstance(fetch_error(error), NotFound):
                return None
            if is_unreadable(error):
                return UnreadableObject(dispute_id, "", "", describe(error))
            raise StripeUnreadable(describe(error)) from error
