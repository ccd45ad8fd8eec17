"""Stripe's OpenAPI document: its operations, and its schemas as JSON Schema.

OpenAPI 3.0 has `nullable` in place of a JSON Schema type. Schemas are closed here: an object
with listed properties has no others.
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
        file: The path of the document.
    """

    def __init__(self, file: Path) -> None:
        document = json.loads(file.read_bytes())
        self.version: str = document["info"]["version"]
        self._paths: dict[str, Any] = document["paths"]
        components = document["components"]["schemas"]
        self.kinds: dict[str, Any] = components
        schemas = {"components": {"schemas": as_json_schema(components)}}
        self._registry = Registry().with_resource(_URN, DRAFT202012.create_resource(schemas))
        self.response_validator = cache(self._response_validator)
        self.kind_validator = cache(self._kind_validator)
        self.path_of = cache(self._path_of)

    def _path_of(self, method: str, path: str) -> str | None:
        """Return the document's path that matches a path; a literal one takes precedence."""
        verb = method.lower()
        if verb in self._paths.get(path, {}):
            return path
        for template, operations in self._paths.items():
            if verb in operations and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
                return template
        return None

    def parameters(self, method: str, path: str) -> dict[str, Any]:
        """Return the parameters of an operation's query and body as the schema of one hash."""
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

    def _response_validator(self, method: str, path: str, status: int) -> Validator:
        responses = self._paths[path][method.lower()]["responses"]
        response = responses.get(str(status), responses["default"])
        return self._validator(as_json_schema(response["content"]["application/json"]["schema"]))

    def _kind_validator(self, kind: str) -> Validator:
        """Return the validator of a schema of the document."""
        return self._validator({"$ref": f"{_URN}{_COMPONENTS}{kind}"})

    def _validator(self, schema: dict[str, Any]) -> Validator:
        return Draft202012Validator(schema, registry=self._registry)


def as_json_schema(schema: Any) -> Any:
    """Convert OpenAPI 3.0 schemas to closed schemas of JSON Schema 2020-12."""
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
