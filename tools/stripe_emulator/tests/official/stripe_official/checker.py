"""Holds an answer to Stripe's document: what is wrong, missing or unknown in it, as sentences."""

import json
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from stripe_emulator.requests.log import Entry

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

    def log(self, entries: Iterable[Entry]) -> list[str]:
        """What is wrong with all that an emulator answered, each complaint once."""
        answers = [(entry.request, entry.answer) for entry in entries if entry.answer is not None]
        complaints = {
            complaint: None
            for request, answer in answers
            for complaint in self.answer(
                request.method, request.path, answer.status, json.loads(answer.body)
            )
        }
        return list(complaints)

    def answer(self, method: str, path: str, status: int, body: dict[str, Any]) -> list[str]:
        """What is wrong with the answer to a request; nothing when Stripe could have sent it."""
        template = self._document.path_of(method, path)
        if template is not None:
            validator = self._document.answer_validator(method, template, status)
        elif status >= HTTPStatus.BAD_REQUEST:
            validator = self._document.kind_validator("error")
        else:
            return [f"Stripe has no {method} {path}"]
        subject = f"{method} {template or path} {status}"
        return [f"{subject} {found}" for found in self._complaints(validator, body)]

    def object(self, value: dict[str, Any]) -> list[str]:
        """What is wrong with one object, such as an event that was delivered."""
        validator = self._document.kind_validator(value["object"])
        return list(self._complaints(validator, value))

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
        for cause in _causes(error):
            yield f"{cause.json_path}: {cause.message}"


def _causes(error: ValidationError) -> Iterator[ValidationError]:
    """The error, or where no schema of several fits what is wrong with the likeliest."""
    if error.validator != "anyOf":
        yield error
        return
    errors_by_schema: dict[Any, list[ValidationError]] = {}
    for inner in error.context:
        errors_by_schema.setdefault(inner.relative_schema_path[0], []).append(inner)
    for inner in min(errors_by_schema.values(), key=_unlikelihood):
        yield from _causes(inner)


def _unlikelihood(errors: list[ValidationError]) -> tuple[bool, bool, int]:
    other_type = any(not error.relative_path and error.validator == "type" for error in errors)
    other_object = any(list(error.relative_path) == ["object"] for error in errors)
    return other_type, other_object, len(errors)


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
