"""A checker of responses against Stripe's document: invalid, missing and unknown fields."""

import json
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from stripe_emulator.requests.log import LogEntry

from stripe_official.document import Document
from stripe_official.fields import ALWAYS

_ENVELOPES = frozenset({"list", "search_result"})


class Checker:
    """A checker of responses and of Stripe's objects.

    An object is recognised by its `object` at any place: at the top, in a list, expanded, in an
    error or in an event. New operations need no change here.

    Args:
        document: Stripe's document.
    """

    def __init__(self, document: Document) -> None:
        self._document = document

    def log(self, entries: Iterable[LogEntry]) -> list[str]:
        """Return the problems of all logged responses, each once."""
        answers = [
            (entry.request, entry.response) for entry in entries if entry.response is not None
        ]
        problems = {
            problem: None
            for request, answer in answers
            for problem in self.response(
                request.method, request.path, answer.status, json.loads(answer.body)
            )
        }
        return list(problems)

    def response(self, method: str, path: str, status: int, body: dict[str, Any]) -> list[str]:
        """Return the problems of a response; empty if Stripe could have sent it."""
        template = self._document.path_of(method, path)
        if template is not None:
            validator = self._document.response_validator(method, template, status)
        elif status >= HTTPStatus.BAD_REQUEST:
            validator = self._document.kind_validator("error")
        else:
            return [f"Stripe has no {method} {path}"]
        subject = f"{method} {template or path} {status}"
        return [f"{subject} {found}" for found in self._problems(validator, body)]

    def object(self, value: dict[str, Any]) -> list[str]:
        """Return the problems of an object, such as a delivered event."""
        validator = self._document.kind_validator(value["object"])
        return list(self._problems(validator, value))

    def _problems(self, validator: Validator, body: dict[str, Any]) -> Iterator[str]:
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
    """Yield the error, or if no schema of several fits, the errors of the likeliest one."""
    if error.validator != "anyOf":
        yield error
        return
    errors_by_schema: dict[Any, list[ValidationError]] = {}
    for inner in error.context:
        errors_by_schema.setdefault(inner.relative_schema_path[0], []).append(inner)
    for inner in min(errors_by_schema.values(), key=_unlikeliness):
        yield from _causes(inner)


def _unlikeliness(errors: list[ValidationError]) -> tuple[bool, bool, int]:
    other_type = any(not error.relative_path and error.validator == "type" for error in errors)
    other_object = any(list(error.relative_path) == ["object"] for error in errors)
    return other_type, other_object, len(errors)


def _hashes(value: Any, where: str, kind: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield every hash with its path and its kind, the path from the nearest object."""
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
