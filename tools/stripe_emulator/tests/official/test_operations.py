"""The emulator's operations and their parameters are those of Stripe's document."""

from collections.abc import Iterator
from typing import Any

import pytest
from stripe_emulator.operations import expansion
from stripe_emulator.operations.table import OPERATIONS
from stripe_emulator.wire.errors import InvalidParameters, ParameterMissing, ParameterUnknown
from stripe_emulator.wire.parameters import Accepts, Reader
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
def accepts(endpoint: str) -> Accepts:
    return OPERATIONS[endpoint].accepts


@pytest.fixture
def schema(published: Document, endpoint: str) -> dict[str, Any]:
    """What Stripe's operation accepts."""
    method, _, resource = endpoint.partition(" ")
    path = published.path_of(method, f"/v1/{resource.replace('{}', 'x')}")
    assert path is not None, f"Stripe has no {endpoint}"
    assert path.count("{") == endpoint.count("{}")
    return published.parameters(method, path)


def test_every_parameter_of_stripe_is_known(accepts: Accepts, schema: dict[str, Any]):
    refusals = [refusal(accepts, form) for form in forms(schema)]
    assert not [str(refused) for refused in refusals if isinstance(refused, ParameterUnknown)]


def test_every_parameter_is_one_of_stripes(accepts: Accepts, schema: dict[str, Any]):
    assert not [path for path, _, stripes in readers(accepts, schema) if stripes is None]


def test_what_stripe_requires_is_required(accepts: Accepts, schema: dict[str, Any]):
    assert set(accepts.required) - set(ALLOWED) == required_in(schema)
    for path, reader, stripes in readers(accepts, schema):
        if isinstance(reader, Hash):
            assert set(reader.accepts.required) == required_in(stripes), path


def test_every_value_that_stripe_lists_is_taken_or_said_not_to_be_supported(
    accepts: Accepts, schema: dict[str, Any]
):
    for path, reader, stripes in readers(accepts, schema):
        for word in words(stripes):
            assert is_taken(reader, path, word), word


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_stripe_expands_can_be_expanded(published: Document, kind: str):
    for name, field in published.kinds[kind]["properties"].items():
        if "x-expansionResources" in field:
            expansion.check([name], kind, listed=False)


def refusal(accepts: Accepts, form: Any) -> InvalidParameters | None:
    """How a form is refused, other than for what it lacks."""
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
    """The parameters of a hash, those of all its branches together; none where it is no hash."""
    hashes = [branch for branch in branches(schema) if "properties" in branch]
    return {name: nested for branch in hashes for name, nested in branch["properties"].items()}


def required_in(schema: dict[str, Any]) -> set[str]:
    hashes = [
        set(branch.get("required", [])) for branch in branches(schema) if "properties" in branch
    ]
    return set.intersection(*hashes)


def words(schema: dict[str, Any]) -> list[str]:
    """The words that a schema lists."""
    return [word for branch in branches(schema) for word in branch.get("enum", [])]


def forms(schema: dict[str, Any]) -> Iterator[Any]:
    """A form for every parameter, those in hashes too, that holds it alone."""
    for name, nested in of_hash(schema).items():
        yield {name: "1"}
        yield from ({name: form} for form in forms(nested))


def readers(
    accepts: Accepts, schema: dict[str, Any], within: str = ""
) -> Iterator[tuple[str, Reader, Any]]:
    """Every parameter that is read, in hashes too, with Stripe's schema of it or None."""
    stripes = of_hash(schema)
    for name, reader in accepts.readers.items():
        path = f"{within}[{name}]" if within else name
        yield path, reader, stripes.get(name)
        if isinstance(reader, Hash) and name in stripes:
            yield from readers(reader.accepts, stripes[name], path)
