"""Lists: Stripe's envelope and paging parameters.

https://docs.stripe.com/api/pagination
"""

from typing import Protocol, TypeVar, cast

from stripe_emulator.account.collection import Collection, Item, Window
from stripe_emulator.wire.errors import InvalidParameters, ResourceMissing
from stripe_emulator.wire.json import ApiObject, JsonObject
from stripe_emulator.wire.parameters import Parameters

_DEFAULT_LIMIT = 10
_MAX_LIMIT = 100


class ListedObject(Item, ApiObject, Protocol):
    """An item of a collection that the API returns."""


T = TypeVar("T", bound=ListedObject)


def list_page(
    collection: Collection[T],
    parameters: Parameters,
    *,
    url: str,
    kind: str,
    group: str | None = None,
) -> JsonObject:
    """Return one page of a collection or of one of its groups.

    Raises:
        InvalidParameters: If both cursors are given.
        ResourceMissing: If the cursor is unknown.
    """
    window = _window(parameters)
    for param in ("starting_after", "ending_before"):
        cursor = parameters.text(param)
        if cursor is not None and collection.get(cursor) is None:
            raise ResourceMissing(kind, cursor, param=param, in_path=False)
    items, has_more = collection.page(window, group)
    return {
        "object": "list",
        "data": [item.as_json() for item in items],
        "has_more": has_more,
        "url": url,
    }


def read_limit(parameters: Parameters) -> int:
    """Return the requested number of objects, 10 by default.

    As at Stripe, 0 is read as 1 and any number above 100 as 100.
    """
    limit = parameters.integer("limit")
    if limit is None:
        return _DEFAULT_LIMIT
    return min(max(limit, 1), _MAX_LIMIT)


def _window(parameters: Parameters) -> Window:
    starting_after = parameters.text("starting_after")
    ending_before = parameters.text("ending_before")
    if starting_after and ending_before:
        raise InvalidParameters(
            "Received both starting_after and ending_before parameters. Please pass in only one."
        )
    created = cast("dict[str, int]", parameters.mapping("created") or {})
    return Window(read_limit(parameters), starting_after, ending_before, created)
