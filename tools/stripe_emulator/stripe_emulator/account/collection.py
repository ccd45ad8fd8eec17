"""Collections of objects in creation order, with groups: the source of Stripe's lists."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar


class Item(Protocol):
    """An object that a collection can hold."""

    id: str
    created: int


T = TypeVar("T", bound=Item)


@dataclass(frozen=True, slots=True)
class Window:
    """A requested part of a list: its size, a cursor, and bounds on the creation time.

    `created` has the bounds `gt`, `gte`, `lt`, `lte` in seconds since 1970.
    """

    limit: int = 10
    starting_after: str | None = None
    ending_before: str | None = None
    created: Mapping[str, int] = field(default_factory=dict[str, int])


class Collection(Generic[T]):
    """Objects in creation order.

    Adding and finding take constant time; a page takes time in proportion to its size. A group
    has the objects that share a key, such as one customer's PaymentIntents.
    """

    def __init__(self) -> None:
        self._items: list[T] = []
        self._ranks: dict[str, int] = {}
        self._groups: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(self._items)

    def add(self, item: T) -> None:
        """Add an object as the newest."""
        self._ranks[item.id] = len(self._items)
        self._items.append(item)

    def get(self, item_id: str) -> T | None:
        """Return the object with this id, or None."""
        rank = self._ranks.get(item_id)
        return None if rank is None else self._items[rank]

    def add_to_group(self, key: str, item: T) -> None:
        """Add an object to a group; repeating it changes nothing."""
        group = self._groups.setdefault(key, [])
        rank = self._ranks[item.id]
        if not group or group[-1] < rank:
            group.append(rank)
        elif not _contains(group, rank):
            insort(group, rank)

    def remove_from_group(self, key: str, item: T) -> None:
        """Remove an object from a group; repeating it changes nothing."""
        group = self._groups.get(key, [])
        rank = self._ranks[item.id]
        if _contains(group, rank):
            del group[bisect_left(group, rank)]

    def group(self, key: str) -> list[T]:
        """Return the objects of a group, oldest first."""
        return [self._items[rank] for rank in self._groups.get(key, ())]

    def page(self, window: Window, group: str | None = None) -> tuple[list[T], bool]:
        """Return a page, newest first, and True if more follow in the cursor's direction.

        Raises:
            KeyError: If the cursor is unknown.
        """
        ranks: Sequence[int] = range(len(self._items))
        if group is not None:
            ranks = self._groups.get(group, ())
        low, high = self._bounds(ranks, window)
        if window.ending_before is not None:
            chosen = ranks[low : min(high, low + window.limit)]
        else:
            chosen = ranks[max(low, high - window.limit) : high]
        return [self._items[rank] for rank in reversed(chosen)], len(chosen) < high - low

    def _bounds(self, ranks: Sequence[int], window: Window) -> tuple[int, int]:
        low, high = 0, len(ranks)
        if window.starting_after is not None:
            high = bisect_left(ranks, self._ranks[window.starting_after])
        if window.ending_before is not None:
            low = bisect_right(ranks, self._ranks[window.ending_before])
        for bound, seconds in window.created.items():
            find = bisect_left if bound in {"gte", "lt"} else bisect_right
            at = find(ranks, seconds, key=lambda rank: self._items[rank].created)
            if bound.startswith("g"):
                low = max(low, at)
            else:
                high = min(high, at)
        return low, max(low, high)


def _contains(group: list[int], rank: int) -> bool:
    at = bisect_left(group, rank)
    return at < len(group) and group[at] == rank
