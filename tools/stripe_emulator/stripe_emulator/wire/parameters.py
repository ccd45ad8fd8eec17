"""What an operation accepts: the names, and how each value is read from its form."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

from stripe_emulator.wire.errors import ParameterMissing, ParameterUnknown
from stripe_emulator.wire.forms import Form, FormValue

Reader: TypeAlias = Callable[[str, FormValue], object]
"""Reads one value, given the name of its parameter for messages; raises InvalidParameters."""


class Parameters:
    """The parameters of one request, read and checked; a name that is absent reads as None."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str) -> str | None:
        """A string, or None when it is absent or was set to the empty string to clear it."""
        return cast("str | None", self._values.get(name))

    def required_text(self, name: str) -> str:
        """A string that the specification of the operation requires."""
        return cast("str", self._values[name])

    def integer(self, name: str) -> int | None:
        """An integer."""
        return cast("int | None", self._values.get(name))

    def flag(self, name: str) -> bool:
        """A boolean; absent is False."""
        return bool(self._values.get(name))

    def texts(self, name: str) -> list[str]:
        """An array of strings; absent is empty."""
        return cast("list[str]", self._values.get(name) or [])

    def mapping(self, name: str) -> dict[str, object] | None:
        """A hash, its own values read by its own specification."""
        return cast("dict[str, object] | None", self._values.get(name))

    def nested(self, name: str) -> "Parameters":
        """A hash as parameters of its own; absent is empty."""
        return Parameters(self.mapping(name) or {})

    def metadata(self) -> dict[str, str] | None:
        """The change to the metadata: `{}` clears it, an empty value clears its key."""
        return cast("dict[str, str] | None", self._values.get("metadata"))


@dataclass(frozen=True, slots=True)
class Accepts:
    """The parameters that one operation accepts, by name, and those it requires."""

    readers: Mapping[str, Reader]
    required: tuple[str, ...] = ()

    def read(self, form: Form) -> Parameters:
        """Read every value of a form.

        Raises:
            ParameterUnknown: a name is not in this specification.
            ParameterMissing: a required name is absent.
            InvalidParameters: a value cannot be read.
        """
        return Parameters(self.values(form))

    def values(self, form: Form, prefix: str = "") -> dict[str, object]:
        """The values as they are read; `prefix` is the hash that they are in, for messages."""
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
