"""Readers of single form values: each function is a `Reader` or returns one.

Each raises InvalidParameters for an invalid value.
"""

import re
from dataclasses import dataclass
from typing import NoReturn

from stripe_emulator.wire.errors import InvalidParameters, ParameterUnknown
from stripe_emulator.wire.forms import FormValue
from stripe_emulator.wire.parameters import ParameterSpec, Reader

_INTEGER = re.compile(r"-?[0-9]{1,18}")
_INDEX = re.compile(r"[0-9]{1,6}")
_METADATA_KEYS = 50
_METADATA_KEY_LENGTH = 40
_METADATA_VALUE_LENGTH = 500
_TIME_BOUNDS = frozenset({"gt", "gte", "lt", "lte"})


def text(param: str, value: FormValue) -> str | None:
    """Read a string; the empty string clears it."""
    if isinstance(value, dict):
        raise InvalidParameters(f"Invalid string: {value}", param=param)
    return value or None


def non_empty(param: str, value: FormValue) -> str:
    """Read a string that cannot be cleared, such as an id."""
    read = text(param, value)
    if read is None:
        raise InvalidParameters(
            f"You passed an empty string for '{param}'. We assume empty values are an attempt to "
            f"unset a parameter; however '{param}' cannot be unset. You should remove '{param}' "
            "from your request or supply a non-empty value.",
            code="parameter_invalid_empty",
            param=param,
        )
    return read


def integer(param: str, value: FormValue) -> int:
    """Read an integer, which may be negative: each operation has its own bounds."""
    digits = non_empty(param, value)
    if not _INTEGER.fullmatch(digits):
        raise InvalidParameters(
            f"Invalid integer: {digits}", code="parameter_invalid_integer", param=param
        )
    return int(digits)


def boolean(param: str, value: FormValue) -> bool:
    """Read `true` or `false`."""
    if value not in ("true", "false"):
        raise InvalidParameters(f"Invalid boolean: {value}", param=param)
    return value == "true"


def choice(*choices: str) -> Reader:
    """Return a reader of one of these words."""

    def read(param: str, value: FormValue) -> str:
        if value not in choices:
            listed = ", ".join(choices[:-1])
            raise InvalidParameters(
                f"Invalid {param}: must be one of {listed}, or {choices[-1]}", param=param
            )
        return value

    return read


def clearable(read: Reader) -> Reader:
    """Return a reader that accepts the empty string too, which clears the value."""
    return lambda param, value: None if value == "" else read(param, value)


def max_length(length: int) -> Reader:
    """Return a reader of a string of at most `length` characters; an empty one clears it."""

    def read(param: str, value: FormValue) -> str | None:
        given = text(param, value)
        if given is not None and len(given) > length:
            raise InvalidParameters(
                f"Invalid string: {given[:12]}...; must be at most {length} characters",
                code="parameter_invalid_string_length",
                param=param,
            )
        return given

    return read


@dataclass(frozen=True, slots=True)
class Hash:
    """A `Reader` of a hash with its own parameters; the empty string clears it.

    In a `complete` hash, an absent parameter reads as None, because Stripe returns every key.
    """

    accepts: ParameterSpec
    complete: bool = False

    def __call__(self, param: str, value: FormValue) -> dict[str, object] | None:
        """Read the hash."""
        if value == "":
            return None
        if isinstance(value, str):
            raise InvalidParameters("Invalid object", param=param)
        values = self.accepts.values(value, param)
        return {**dict.fromkeys(self.accepts.readers), **values} if self.complete else values


def mapping(*required: str, **readers: Reader) -> Hash:
    """Return a reader of a hash with these parameters, some of them required."""
    return Hash(ParameterSpec(readers, required))


def complete_mapping(*required: str, **readers: Reader) -> Hash:
    """Return a reader of a hash that Stripe returns with every key."""
    return Hash(ParameterSpec(readers, required), complete=True)


def texts(param: str, value: FormValue) -> list[str]:
    """Read an array of strings, ordered by index; the empty string is an empty array."""
    if value == "":
        return []
    if isinstance(value, str) or not all(_INDEX.fullmatch(key) for key in value):
        raise InvalidParameters("Invalid array", param=param)
    return [non_empty(f"{param}[{key}]", value[key]) for key in sorted(value, key=int)]


def metadata(param: str, value: FormValue) -> dict[str, str]:
    """Read a change to metadata: at most 50 keys of 40 characters, values of at most 500."""
    if value == "":
        return {}
    if isinstance(value, str):
        raise InvalidParameters("Invalid object", param=param)
    if len(value) > _METADATA_KEYS:
        raise InvalidParameters(
            f"You can only have up to {_METADATA_KEYS} keys in metadata.", param=param
        )
    return {key: _metadata_value(f"{param}[{key}]", key, item) for key, item in value.items()}


def _metadata_value(param: str, key: str, value: FormValue) -> str:
    if isinstance(value, dict):
        raise InvalidParameters("Metadata values must be strings.", param=param)
    if len(key) > _METADATA_KEY_LENGTH:
        raise InvalidParameters(
            f"Metadata keys can be at most {_METADATA_KEY_LENGTH} characters long.", param=param
        )
    if len(value) > _METADATA_VALUE_LENGTH:
        raise InvalidParameters(
            f"Metadata values can have up to {_METADATA_VALUE_LENGTH} characters, but you passed "
            f"in a value that is {len(value)} characters.",
            param=param,
        )
    return value


def time_range(param: str, value: FormValue) -> dict[str, int]:
    """Read a time in seconds since 1970, or bounds on it (`gt`, `gte`, `lt`, `lte`)."""
    if isinstance(value, str):
        return {"gte": integer(param, value), "lte": integer(param, value)}
    for key in value:
        if key not in _TIME_BOUNDS:
            raise ParameterUnknown(f"{param}[{key}]")
    return {key: integer(f"{param}[{key}]", bound) for key, bound in value.items()}


def email(param: str, value: FormValue) -> str | None:
    """Read an email address; the empty string clears it."""
    given = text(param, value)
    if given is not None and "@" not in given[1:-1]:
        raise InvalidParameters(
            f"Invalid email address: {given}", code="email_invalid", param=param
        )
    return given


def web_address(param: str, value: FormValue) -> str:
    """Read an http(s) URL with its scheme (the error's code is unverified)."""
    given = non_empty(param, value)
    scheme, found, rest = given.partition("://")
    if not found:
        raise InvalidParameters(
            "Invalid URL: An explicit scheme (such as https) must be provided.",
            code="url_invalid",
            param=param,
        )
    if scheme.lower() not in {"http", "https"} or not rest:
        raise InvalidParameters("Not a valid URL", code="url_invalid", param=param)
    return given


def only(supported: str) -> Reader:
    """Return a reader of the only value that the emulator supports."""

    def read(param: str, value: FormValue) -> object:
        return value if value == supported else _refuse(f"{param}={value}", param)

    return read


def not_emulated(param: str, value: FormValue) -> object:  # noqa: ARG001  # the signature of a Reader
    """Refuse a parameter that Stripe has and the emulator does not support."""
    return _refuse(param, param)


def _refuse(what: str, param: str) -> NoReturn:
    raise InvalidParameters(f"The Stripe emulator does not support '{what}' yet.", param=param)
