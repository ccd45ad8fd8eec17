"""The parameters of an operation: their names and the reader of each value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

from stripe_emulator.wire.errors import ParameterMissing, ParameterUnknown
from stripe_emulator.wire.forms import Form, FormValue

Reader: TypeAlias = Callable[[str, FormValue], object]
"""Reads one value, given its parameter's name for messages; raises InvalidParameters."""


class Parameters:
    """The validated parameters of one request; an absent name reads as None."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str) -> str | None:
        """Return a string, or None if it is absent or is the empty string, which clears it."""
        return cast("str | None", self._values.get(name))

    def required_text(self, name: str) -> str:
        """Return a string that the operation requires."""
        return cast("str", self._values[name])

    def integer(self, name: str) -> int | None:
        """Return an integer, or None if it is absent."""
        return cast("int | None", self._values.get(name))

    def flag(self, name: str) -> bool:
        """Return a boolean, or False if it is absent."""
        return bool(self._values.get(name))

    def texts(self, name: str) -> list[str]:
        """Return an array of strings, empty if it is absent."""
        return cast("list[str]", self._values.get(name) or [])

    def mapping(self, name: str) -> dict[str, object] | None:
        """Return a hash, or None if it is absent or cleared."""
        return cast("dict[str, object] | None", self._values.get(name))

    def nested(self, name: str) -> "Parameters":
        """Return a hash as `Parameters`, empty if it is absent."""
        return Parameters(self.mapping(name) or {})

    def metadata(self) -> dict[str, str] | None:
        """Return the change to the metadata: `{}` clears all keys, an empty value its key."""
        return cast("dict[str, str] | None", self._values.get("metadata"))


@dataclass(frozen=True, slots=True)
class ParameterSpec:
    """The parameters of one operation: a reader by name, and the required names."""

    readers: Mapping[str, Reader]
    required: tuple[str, ...] = ()

    def read(self, form: Form) -> Parameters:
        """Read every value of a form.

        Raises:
            ParameterUnknown: If a name is not in this specification.
            ParameterMissing: If a required name is absent.
            InvalidParameters: If a value is invalid.
        """
        return Parameters(self.values(form))

    def values(self, form: Form, prefix: str = "") -> dict[str, object]:
        """Read every value of a form or of a hash; `prefix` is the hash's name for messages.

        Raises:
            ParameterUnknown: If a name is not in this specification.
            ParameterMissing: If a required name is absent.
            InvalidParameters: If a value is invalid.
        """
        values: dict[str, object] = {}
        readers = self.readers
        for name, value in form.items():
            path = f"{prefix}[{name}]" if prefix else name
            reader = readers.get(name)
            if reader is None:
                raise ParameterUnknown(path)
            values[name] = reader(path, value)
        for name in self.required:
            if name not in values:
                raise ParameterMissing(f"{prefix}[{name}]" if prefix else name)
        return values
