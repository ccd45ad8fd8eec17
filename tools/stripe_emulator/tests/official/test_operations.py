"""The operations and their parameters, compared with Stripe's document."""

from collections.abc import Iterator
from typing import Any

import pytest
from stripe_emulator.operations import expansion
from stripe_emulator.operations.table import OPERATIONS
from stripe_emulator.wire.errors import InvalidParameters, ParameterMissing, ParameterUnknown
from stripe_emulator.wire.parameters import ParameterSpec, Reader
from stripe_emulator.wire.readers import Hash
from stripe_official.document import Document

ALLOWED = {
    "type": "Stripe requires it unless a payment method is cloned, which the emulator refuses to",
}
KINDS = sorted({operation.kind for operation in OPERATIONS.values()})


@pytest.fixture(params=OPERATIONS)
def endpoint(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def accepts(endpoint: str) -> ParameterSpec:
    return OPERATIONS[endpoint].accepts


@pytest.fixture
def schema(published: Document, endpoint: str) -> dict[str, Any]:
    """The parameters of Stripe's operation."""
    method, _, resource = endpoint.partition(" ")
    path = published.path_of(method, f"/v1/{resource.replace('{}', 'x')}")
    assert path is not None, f"Stripe has no {endpoint}"
    assert path.count("{") == endpoint.count("{}")
    return published.parameters(method, path)


def test_every_parameter_of_stripe_is_known(accepts: ParameterSpec, schema: dict[str, Any]):
    refusals = [refusal(accepts, form) for form in forms(schema)]
    assert not [str(refused) for refused in refusals if isinstance(refused, ParameterUnknown)]


def test_every_parameter_exists_at_stripe(accepts: ParameterSpec, schema: dict[str, Any]):
    assert not [path for path, _, stripes in readers(accepts, schema) if stripes is None]


def test_required_parameters_match_stripe(accepts: ParameterSpec, schema: dict[str, Any]):
    assert set(accepts.required) - set(ALLOWED) == required_in(schema)
    for path, reader, stripes in readers(accepts, schema):
        if isinstance(reader, Hash):
            assert set(reader.accepts.required) == required_in(stripes), path


def test_every_value_of_stripe_is_accepted_or_unsupported(
    accepts: ParameterSpec, schema: dict[str, Any]
):
    for path, reader, stripes in readers(accepts, schema):
        for word in words(stripes):
            assert is_taken(reader, path, word), word


@pytest.mark.parametrize("kind", KINDS)
def test_every_expandable_property_can_be_expanded(published: Document, kind: str):
    for name, field in published.kinds[kind]["properties"].items():
        if "x-expansionResources" in field:
            expansion.check([name], kind, listed=False)


def refusal(accepts: ParameterSpec, form: Any) -> InvalidParameters | None:
    """Return the error of a form, unless a parameter is missing."""
    try:
        accepts.read(form)
    except ParameterMissing:
        return None
    except InvalidParameters as refused:
        return refused
    return None


def is_taken(reader: Reader, path: str, word: str) -> bool:
    try:
        reader(path, word)
    except InvalidParameters as refused:
        return "does not support" in refused.message
    return True


def branches(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [schema, *schema.get("anyOf", [])]


def of_hash(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a hash in all branches; empty for other types."""
    hashes = [branch for branch in branches(schema) if "properties" in branch]
    return {name: nested for branch in hashes for name, nested in branch["properties"].items()}


def required_in(schema: dict[str, Any]) -> set[str]:
    hashes = [
        set(branch.get("required", [])) for branch in branches(schema) if "properties" in branch
    ]
    return set.intersection(*hashes)


def words(schema: dict[str, Any]) -> list[str]:
    """Return the enumerated values of a schema."""
    return [word for branch in branches(schema) for word in branch.get("enum", [])]


def forms(schema: dict[str, Any]) -> Iterator[Any]:
    """Yield a form with only one parameter for every parameter, including nested ones."""
    for name, nested in of_hash(schema).items():
        yield {name: "1"}
        yield from ({name: form} for form in forms(nested))


def readers(
    accepts: ParameterSpec, schema: dict[str, Any], within: str = ""
) -> Iterator[tuple[str, Reader, Any]]:
    """Yield every parameter, including nested ones, with Stripe's schema or None."""
    stripes = of_hash(schema)
    for name, reader in accepts.readers.items():
        path = f"{within}[{name}]" if within else name
        yield path, reader, stripes.get(name)
        if isinstance(reader, Hash) and name in stripes:
            yield from readers(reader.accepts, stripes[name], path)
