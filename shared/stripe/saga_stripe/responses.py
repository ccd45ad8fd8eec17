"""Responses of Stripe that are not what was requested: they are errors of Stripe."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final, TypeGuard

import stripe

MAX_ID_LENGTH: Final = 255  # https://docs.stripe.com/upgrades

_READING_ERRORS: Final = (LookupError, AttributeError, TypeError, ValueError, ArithmeticError)


@contextmanager
def readable_response() -> Generator[None]:
    """Turn an error of reading a response, here or in the SDK, into one that is transient.

    Raises:
        stripe.APIError: The response differs from Stripe's documentation.
    """
    try:
        yield
    except _READING_ERRORS as error:
        raise unreadable(f"{type(error).__name__}: {error}") from error


def checked(found: object, kind: str) -> Mapping[str, Any]:
    """Return the JSON of a response if it is an object of this kind, with an id if it has them.

    Args:
        found: The JSON.
        kind: Its `object`: https://docs.stripe.com/api . Objects of the kind `list` have no id.

    Raises:
        stripe.APIError: It is something else.
    """
    if not isinstance(found, Mapping):
        raise unreadable(f"{kind}: a JSON object is expected, and it is {type(found).__name__}")
    given: Mapping[str, Any] = found
    if given.get("object") != kind:
        raise unreadable(f"object: {kind!r} is expected, and it is {given.get('object')!r:.100}")
    if kind != "list" and not is_id(given.get("id")):
        raise unreadable(f"id: {given.get('id')!r:.100} is not the id of an object")
    return given


def is_id(found: object) -> TypeGuard[str]:
    """Return True for a text of at most 255 printable ASCII characters."""
    return (
        isinstance(found, str)
        and 0 < len(found) <= MAX_ID_LENGTH
        and found.isascii()
        and found.isprintable()
    )


def unreadable(reason: str) -> stripe.APIError:
    """Build the error of a response that cannot be read; `is_transient` returns True for it."""
    return stripe.APIError(f"Unreadable response: {reason}", http_status=HTTPStatus.OK)


def is_unreadable(error: BaseException) -> bool:
    """Return True for the error of a response that cannot be read: other responses may be."""
    return isinstance(error, stripe.APIError) and error.http_status == HTTPStatus.OK
