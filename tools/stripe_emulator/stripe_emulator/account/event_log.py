"""The newest events, and the subscribers to new ones."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from stripe_emulator.objects.event import Event
from stripe_emulator.wire.json import JsonObject

Listener: TypeAlias = Callable[[Event], None]


def previous_attributes(before: JsonObject, after: JsonObject) -> JsonObject:
    """Return the changed attributes with their old values: an event's `previous_attributes`."""
    return {name: value for name, value in before.items() if after.get(name) != value}


class EventLog:
    """Events in the order of their creation, up to a limit; the oldest are dropped.

    Stripe keeps an event for 30 days, https://docs.stripe.com/api/events; the limit here is a
    number, which bounds the memory.

    Args:
        size: The number of events to keep.
        listeners: Called with every new event, before the response to the request that caused it.
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
        """Return the event with this id, or None if it is unknown or no longer kept."""
        return self._events.get(event_id)

    def add(self, event: Event) -> None:
        """Add an event and call the listeners."""
        self._events[event.id] = event
        if len(self._events) > self._size:
            self._events.popitem(last=False)
        for listener in self._listeners:
            listener(event)
