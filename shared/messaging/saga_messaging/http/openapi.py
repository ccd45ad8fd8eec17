"""The OpenAPI document: each response that a service can give, with its body."""

from collections.abc import Callable
from typing import Any, Final

from fastapi import FastAPI

_PROBLEM: Final = {
    "title": "Problem",
    "description": "A problem as in RFC 9457; `detail` names the field or the cause.",
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "cure": {"type": "string"},
        "errors": {
            "description": "The invalid fields, if the request is invalid.",
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
_ANY_REQUEST: Final = {
    "403": "The host or the origin is not allowed.",
    "408": "The request did not arrive in time.",
    "431": "The request's headers are too large.",
    "500": "Internal error; the cause is in the service's log.",
    "503": "A dependency is unavailable, or too many requests are in progress.",
}
_WITH_BODY: Final = {
    "400": "The body is not JSON in UTF-8.",
    "413": "The request body is too large.",
    "415": "The body is not declared as application/json.",
}
_INVALID: Final = "A field is invalid."
_GENERATED: Final = ("HTTPValidationError", "ValidationError")


def problem(description: str) -> dict[str, Any]:
    """Return a response that is a problem, for the OpenAPI document."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {"application/problem+json": {"schema": schema}}}


def document_problems(api: FastAPI) -> None:
    """Add to each operation the problems that the service itself responds with.

    An operation's own descriptions are kept. FastAPI's schema of a 422 is not used.
    """
    generate: Callable[[], dict[str, Any]] = api.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for name in _GENERATED:
            schemas.pop(name, None)
        schemas["Problem"] = _PROBLEM
        for path in document["paths"].values():
            for method, operation in path.items():
                _complete(method, operation["responses"])
        return document

    api.openapi = openapi


def _complete(method: str, responses: dict[str, Any]) -> None:
    if _GENERATED[0] in str(responses.get("422")):
        responses["422"] = problem(_INVALID)
    common = _ANY_REQUEST | (_WITH_BODY if method in {"post", "put"} else {})
    for status, description in common.items():
        responses.setdefault(status, problem(description))
