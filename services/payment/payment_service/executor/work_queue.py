"""The order of waiting operations: what can still succeed goes before what cannot."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


class WorkQueue(Generic[Item]):
    """First in, first out; but items that can no longer succeed give way to those that can.

    While both kinds wait, one of `late_share` items is one that cannot, so that neither starves.
    """

    def __init__(self, can_succeed: Callable[[Item], bool], late_share: int) -> None:
        self._can_succeed = can_succeed
        self._late_share = late_share
        self._timely: deque[Item] = deque()
        self._late: deque[Item] = deque()
        self._popped = 0

    def __iter__(self) -> Iterator[Item]:
        """Iterate over all items."""
        yield from self._timely
        yield from self._late

    def put(self, item: Item) -> None:
        """Add an item at the end."""
        self._timely.append(item)

    def pop(self) -> Item | None:
        """Remove and return the next item; None if the queue is empty."""
        while self._timely and not self._can_succeed(self._timely[0]):
            self._late.append(self._timely.popleft())
        if not self._timely and not self._late:
            return None
        self._popped += 1
        late = self._late and (not self._timely or self._popped % self._late_share == 0)
        return self._late.popleft() if late else self._timely.popleft()

    def remove(self, condition: Callable[[Item], bool]) -> list[Item]:
        """Remove and return the items that meet the condition. Examines every item."""
        removed = list[Item]()
        for items in (self._timely, self._late):
            for _ in range(len(items)):
                item = items.popleft()
                (removed if condition(item) else items).append(item)
        return removed
