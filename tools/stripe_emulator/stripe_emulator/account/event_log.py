"""The newest events, and whoever wants to hear of each one as it happens."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from stripe_emulator.objects.event import Event
from stripe_emulator.wire.json import JsonObject

Listener: TypeAlias = Callable[[Event], None]


def changes(before: JsonObject, after: JsonObject) -> JsonObject:
    """The attributes that differ, as they were: an event's `previous_attributes`."""
    return {name: value for name, value in before.items() if after.get(name) != value}


class EventLog:
    """Events in the order they happened, up to a limit; the oldest are forgotten.

    Stripe forgets an event after 30 days, https://docs.stripe.com/api/events; here it is the
    number that counts, so that memory has a bound.

    Args:
        size: how many are kept.
        listeners: are called with every new event, before the request that caused it is answered.
    """

    def __init__(self, size: int, listeners: Sequence[Listener] = ()) -> None:
        self._size = size
        self._listeners = listeners
        self._events: OrderedDict[str, Event] = OrderedDict()

    def __len__(self) -> int:
        return len(self._events)

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events.values())

    def get(self, event_id: str) -> Event | None:
        """The event of this id, or None when it is unknown or forgotten."""
        return self._events.get(event_id)

    def add(self, event: Event) -> None:
        """Enter an event, and tell those that listen."""
        self._events[event.id] = event
        if len(self._events) > self._size:
            self._events.popitem(last=False)
        for listener in self._listeners:
            listener(event)
