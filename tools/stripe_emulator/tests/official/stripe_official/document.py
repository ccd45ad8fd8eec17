"""Stripe's OpenAPI document: its operations, and its schemas as JSON Schema.

OpenAPI 3.0 says `nullable` where JSON Schema has a type. What it leaves open is closed here: an
object that lists its properties has no others.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

_COMPONENTS = "#/components/schemas/"
_URN = "urn:stripe"
_FORM = "application/x-www-form-urlencoded"
_ANNOTATIONS = {"description", "title", "nullable"}


class Document:
    """Stripe's OpenAPI document.

    Args:
        file: where it is.
    """

    def __init__(self, file: Path) -> None:
        document = json.loads(file.read_bytes())
        self.version: str = document["info"]["version"]
        self._paths: dict[str, Any] = document["paths"]
        components = document["components"]["schemas"]
        self.kinds: dict[str, Any] = components
        schemas = {"components": {"schemas": as_json_schema(components)}}
        self._registry = Registry().with_resource(_URN, DRAFT202012.create_resource(schemas))
        self.answer_validator = cache(self._answer_validator)
        self.kind_validator = cache(self._kind_validator)
        self.path_of = cache(self._path_of)

    def _path_of(self, method: str, path: str) -> str | None:
        """The document's path that this one is an instance of; a literal one comes first."""
        verb = method.lower()
        if verb in self._paths.get(path, {}):
            return path
        for template, operations in self._paths.items():
            if verb in operations and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
                return template
        return None

    def parameters(self, method: str, path: str) -> dict[str, Any]:
        """What an operation accepts in its query and its body, as the schema of one hash."""
        operation = self._paths[path][method.lower()]
        queried = [given for given in operation.get("parameters", []) if given["in"] == "query"]
        content = operation.get("requestBody", {"content": {}})["content"]
        body = content.get(_FORM, {"schema": {}})["schema"]
        names = {given["name"]: given["schema"] for given in queried}
        required = [given["name"] for given in queried if given["required"]]
        return {
            "properties": {**names, **body.get("properties", {})},
            "required": [*required, *body.get("required", [])],
        }

    def _answer_validator(self, method: str, path: str, status: int) -> Validator:
        responses = self._paths[path][method.lower()]["responses"]
        response = responses.get(str(status), responses["default"])
        return self._validator(as_json_schema(response["content"]["application/json"]["schema"]))

    def _kind_validator(self, kind: str) -> Validator:
        """For the object of this name among the document's schemas."""
        return self._validator({"$ref": f"{_URN}{_COMPONENTS}{kind}"})

    def _validator(self, schema: dict[str, Any]) -> Validator:
        return Draft202012Validator(schema, registry=self._registry)


def as_json_schema(schema: Any) -> Any:
    """A schema of OpenAPI 3.0, or a hash or list of them, as JSON Schema 2020-12, closed."""
    if isinstance(schema, list):
        return [as_json_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    converted = {
        key: as_json_schema(value)
        for key, value in schema.items()
        if not _is_annotation(key, value)
    }
    if isinstance(reference := schema.get("$ref"), str):
        converted["$ref"] = _URN + reference
    if schema.get("type") == "object" and "properties" in schema:
        converted.setdefault("additionalProperties", False)
    return _nullable(converted) if schema.get("nullable") is True else converted


def _is_annotation(key: str, value: Any) -> bool:
    return (key in _ANNOTATIONS and not isinstance(value, dict)) or key.startswith("x-")


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    if "anyOf" in schema:
        return {**schema, "anyOf": [{"type": "null"}, *schema["anyOf"]]}
    nullable = {**schema, "type": [schema["type"], "null"]}
    if "enum" in schema:
        nullable["enum"] = [*schema["enum"], None]
    return nullable
