"""One dispute that cannot be read is told from a Stripe that does not respond."""

from types import SimpleNamespace

import pytest
import stripe
from payment_service.errors import StripeUnreadable
from payment_service.model.stripe_results import UnreadableObject
from payment_service.stripe_api.disputes import DisputeReader


def reader(answer):
    async def raw_request_async(*_, **__):
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(data=answer, code=200)

    return DisputeReader(SimpleNamespace(raw_request_async=raw_request_async))


@pytest.mark.parametrize(
    "answer",
    [{}, [], None, {"object": "dispute"}, {"object": "dispute", "id": "dp_1"}, ValueError("JSON")],
)
async def test_a_response_of_another_shape_is_an_unreadable_dispute(answer):
    found = await reader(answer).get("dp_1")

    assert isinstance(found, UnreadableObject)
    assert found.object_id == "dp_1"


@pytest.mark.parametrize(
    "error",
    [stripe.APIConnectionError("gone"), stripe.PermissionError("no", http_status=403), OSError()],
)
async def test_a_stripe_that_does_not_respond_is_an_error(error):
    with pytest.raises(StripeUnreadable):
        await reader(error).get("dp_1")
