"""A list of Stripe's ends, whatever its pages contain."""

from types import SimpleNamespace

import pytest
import stripe
from payment_service.stripe_api.requests import Caller


class Lists:
    """A Stripe that returns the same pages in turn, without end."""

    def __init__(self, *pages):
        self._pages = pages
        self.requests = 0

    async def raw_request_async(self, *_, **__):
        page = self._pages[self.requests % len(self._pages)]
        self.requests += 1
        assert self.requests <= 10
        data = {"object": "list", "data": [{"id": id_} for id_ in page], "has_more": True}
        return SimpleNamespace(data=data, code=200)


@pytest.mark.parametrize(
    "pages", [(("a", "b"),), (("a",), ("b",)), ((),)], ids=["same", "in a circle", "empty"]
)
async def test_a_list_that_brings_nothing_new_ends_with_an_error(pages):
    stripe_api = Lists(*pages)

    with pytest.raises(stripe.APIError, match=r"/v1/refunds.*does not lead to the next page"):
        async for _ in Caller(stripe_api).pages("/v1/refunds"):
            pass

    assert stripe_api.requests <= len(pages) + 1
