"""The fields that Stripe's objects have in common, whatever their values are."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

import stripe
from saga_schemas.text import storable, text_of
from saga_schemas.values import MAX_ID_LENGTH
from saga_stripe import is_id

from payment_service.errors import describe
from payment_service.model.stripe_results import UnreadableObject

Json: TypeAlias = Mapping[str, Any]
Item = TypeVar("Item")


def error_texts(error: Json) -> Mapping[str, str | None]:
    """Return the fields of an error's body as storable text; None if they are not text."""
    names = ("type", "code", "param", "message", "decline_code", "advice_code")
    return {name: text_of(error.get(name)) for name in names}


def read_item(convert: Callable[[Json], Item], found: Json) -> Item | UnreadableObject:
    """Convert an item of a list; one that cannot be converted does not stop the others."""
    try:
        return convert(found)
    except stripe.APIError as error:
        metadata, object_id = metadata_of(found), text_of(found.get("id")) or ""
        system = text_of(metadata.get("system")) or ""
        saga_id = saga_id_of(metadata)
        return UnreadableObject(object_id[:MAX_ID_LENGTH], saga_id, system, describe(error))


def metadata_of(found: Json) -> Json:
    """Return the metadata of a Stripe object; empty if it has none."""
    metadata: Any = found.get("metadata")
    return metadata if isinstance(metadata, Mapping) else {}


def saga_id_of(metadata: Json | None) -> str:
    """Return the saga id of a Stripe object; "" if it has none that we could have set."""
    saga_id = str((metadata or {}).get("saga_id") or "")
    return saga_id if len(saga_id) <= MAX_ID_LENGTH and saga_id == storable(saga_id) else ""


def id_of(found: Json) -> str:
    """Return the id of an object.

    Raises:
        ValueError: It is not an id that can be stored and sent.
    """
    if not is_id(found["id"]):
        raise ValueError(f"id: {found['id']!r:.100} is not the id of an object")
    return found["id"]


def status_of(found: Json) -> str:
    """Return the status of an object.

    Raises:
        ValueError: It is not text.
    """
    if (status := text_of(found["status"])) is None:
        raise ValueError(f"status: text is expected, and it is {found['status']!r:.100}")
    return status
