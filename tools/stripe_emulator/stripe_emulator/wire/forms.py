"""Form-encoded parameters, nested with brackets as Stripe's SDKs send them."""

from typing import TypeAlias
from urllib.parse import parse_qsl

from stripe_emulator.wire.errors import InvalidParameters

FormValue: TypeAlias = "str | dict[str, FormValue]"
Form: TypeAlias = dict[str, FormValue]
Pairs: TypeAlias = list[tuple[str, str]]

_MAX_DEPTH = 10


def decode_pairs(encoded: bytes) -> Pairs:
    """Decode a body or a query string to names and values, in order, with brackets kept."""
    return parse_qsl(encoded.decode(errors="replace"), keep_blank_values=True)


def nest(pairs: Pairs) -> Form:
    """Nest the pairs by their brackets.

    `a[b]=c` becomes `{"a": {"b": "c"}}`. An array becomes a mapping from its indexes, because
    only the operation knows whether `a[0]` is the first item of an array or the key `0` of a
    hash. `a[]=x` takes the next free index.

    Raises:
        InvalidParameters: If a name is both a value and a hash, or is nested too deeply.
    """
    form: Form = {}
    for name, value in pairs:
        if name.endswith("]") and "[" in name:
            _place(form, name, value)
        else:
            form[name] = value
    return form


def _place(form: Form, name: str, value: str) -> None:
    head, _, rest = name.partition("[")
    if name.count("[") > _MAX_DEPTH:
        raise InvalidParameters(f"Invalid object: {head} is nested too deeply.", param=head)
    *parents, last = [head, *rest[:-1].split("][")]
    target = form
    for key in parents:
        child = target.setdefault(key or str(len(target)), {})
        if isinstance(child, str):
            raise InvalidParameters(f"Invalid object: {name}", param=head)
        target = child
    target[last or str(len(target))] = value
