"""Metadata: how a change is merged, and the index that finds PaymentIntents by it."""

from collections.abc import Mapping
from typing import TypeAlias

MetadataChange: TypeAlias = Mapping[str, str] | None


def merge(current: Mapping[str, str], change: MetadataChange) -> dict[str, str]:
    """The metadata after a change: keys are added or set, an empty value removes its key.

    An empty change clears all of it; None leaves it as it is.
    """
    if change is None:
        return dict(current)
    if not change:
        return {}
    merged = {**current, **change}
    return {key: value for key, value in merged.items() if value != ""}


class MetadataIndex:
    """Which objects ever had a key with a value; the caller checks that they still have it."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str], list[str]] = {}

    def add(self, object_id: str, metadata: Mapping[str, str]) -> None:
        """Enter every key of an object."""
        for key, value in metadata.items():
            ids = self._ids.setdefault((key, value.casefold()), [])
            if object_id not in ids[-1:]:
                ids.append(object_id)

    def find(self, key: str, value: str) -> list[str]:
        """The ids entered under a key and a value, in any case of letters, oldest first."""
        return list(dict.fromkeys(self._ids.get((key, value.casefold()), ())))
