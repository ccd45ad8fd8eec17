"""Holds an answer to Stripe's document: what is wrong, missing or unknown in it, as sentences."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from jsonschema.exceptions import best_match
from jsonschema.protocols import Validator

from stripe_official.allowed import is_allowed
from stripe_official.document import Document
from stripe_official.fields import ALWAYS

_ENVELOPES = frozenset({"list", "search_result"})


class Checker:
    """Says what an answer, or an object of Stripe's, has that Stripe's would not have.

    An object is recognised by its `object`, wherever it stands: at the top, in a list, expanded,
    in an error or in an event. So an operation that is new needs nothing here.

    Args:
        document: what Stripe publishes.
    """

    def __init__(self, document: Document) -> None:
        self._document = document

    def answer(self, method: str, path: str, status: int, body: dict[str, Any]) -> list[str]:
        """What is wrong with the answer to a request; nothing when Stripe could have sent it."""
        template = self._document.path_of(method, path)
        if template is not None:
            validator = self._document.answer_validator(method, template, status)
        elif status >= HTTPStatus.BAD_REQUEST:
            validator = self._document.kind_validator("error")
        else:
            return [f"Stripe has no {method} {path}"]
        subject = f"{method} {template} {status}"
        return _not_allowed(subject, self._complaints(validator, body))

    def object(self, value: dict[str, Any]) -> list[str]:
        """What is wrong with one object, such as an event that was delivered."""
        kind = value["object"]
        return _not_allowed(kind, self._complaints(self._document.kind_validator(kind), value))

    def _complaints(self, validator: Validator, body: dict[str, Any]) -> Iterator[str]:
        yield from _invalid(validator, body)
        for where, kind, value in _hashes(body, "$", ""):
            if kind in self._document.kinds and kind not in ALWAYS:
                yield f"{where}: no table says which fields every {kind} has"
            for name in ALWAYS.get(kind, "").split():
                if name not in value:
                    yield f"{where}: '{name}' is missing from {kind}"
            if kind == "event":
                subject = value["data"]["object"]
                yield from _invalid(self._document.kind_validator(subject["object"]), subject)


def _invalid(validator: Validator, body: dict[str, Any]) -> Iterator[str]:
    for error in validator.iter_errors(body):
        deepest = best_match([error])
        if deepest is not None:
            yield f"{deepest.json_path}: {deepest.message}"


def _hashes(value: Any, where: str, kind: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every hash with where it stands, and its kind: of an object, or a path from the nearest."""
    if isinstance(value, list):
        for at, item in enumerate(value):
            yield from _hashes(item, f"{where}[{at}]", kind)
    if not isinstance(value, dict) or value.get("deleted") is True:
        return
    named = value.get("object")
    if isinstance(named, str):
        kind = "" if named in _ENVELOPES else named
    yield where, kind, value
    for key, item in value.items():
        yield from _hashes(item, f"{where}.{key}", f"{kind}.{key}")


def _not_allowed(subject: str, complaints: Iterator[str]) -> list[str]:
    return [f"{subject} {found}" for found in complaints if not is_allowed(f"{subject} {found}")]
