"""Metadata: merging of changes, and an index of objects by key and value."""

from collections.abc import Mapping
from typing import TypeAlias

MetadataChange: TypeAlias = Mapping[str, str] | None


def merge(current: Mapping[str, str], change: MetadataChange) -> dict[str, str]:
    """Return the metadata after a change; an empty value removes its key.

    An empty change removes every key; None changes nothing.
    """
    if change is None:
        return dict(current)
    if not change:
        return {}
    merged = {**current, **change}
    return {key: value for key, value in merged.items() if value != ""}


class MetadataIndex:
    """An index of the objects that ever had a key and value; callers check the current value."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str], list[str]] = {}

    def add(self, object_id: str, metadata: Mapping[str, str]) -> None:
        """Add every key of an object."""
        for key, value in metadata.items():
            ids = self._ids.setdefault((key, value.casefold()), [])
            if object_id not in ids[-1:]:
                ids.append(object_id)

    def find(self, key: str, value: str) -> list[str]:
        """Return the ids with a key and a value, oldest first; the value's case is ignored."""
        return list(dict.fromkeys(self._ids.get((key, value.casefold()), ())))
