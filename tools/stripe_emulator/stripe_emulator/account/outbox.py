"""The outbox: a queue of undelivered events per webhook endpoint."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import count

from stripe_emulator.account.delivery_log import DeliveryLog
from stripe_emulator.objects.event import Event


@dataclass(slots=True, eq=False)
class Delivery:
    """The delivery of an event to an endpoint.

    Attributes:
        event: The event.
        endpoint_id: The webhook endpoint's id.
        number: Increases with every event of the endpoint, in the order of their creation.
        attempts: The number of failed attempts.
        fault: The kind of the fault that was injected.
        faults_applied: True after faults were considered, which happens once per delivery.
        ticket: The order among deliveries that are due at the same time; None while one is being
            sent.
    """

    event: Event
    endpoint_id: str
    number: int
    attempts: int = 0
    fault: str | None = None
    faults_applied: bool = False
    ticket: int | None = None


class DeliveryQueue:
    """The deliveries of one endpoint, ordered by due time and then by arrival.

    Args:
        endpoint_id: The webhook endpoint's id.
        limit: The number of deliveries to keep; beyond it the oldest is dropped.
    """

    def __init__(self, endpoint_id: str, limit: int) -> None:
        self.endpoint_id = endpoint_id
        self._limit = limit
        self._deliveries: OrderedDict[str, Delivery] = OrderedDict()
        self._heap: list[tuple[int, int, Delivery]] = []
        self._held: list[Delivery] = []
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._deliveries)

    def add(self, event: Event, due: int) -> Delivery:
        """Add an event, in place of its delivery if one is queued."""
        delivery = Delivery(event, self.endpoint_id, next(self._numbers))
        self._deliveries[event.id] = delivery
        if len(self._deliveries) > self._limit:
            self._deliveries.popitem(last=False)
        self.schedule(delivery, due)
        return delivery

    def schedule(self, delivery: Delivery, due: int) -> bool:
        """Set the time at which a delivery is due; return False if it was removed."""
        if not self._contains(delivery):
            return False
        delivery.ticket = next(self._numbers)
        heappush(self._heap, (due, delivery.ticket, delivery))
        if len(self._heap) > 2 * self._limit + 1:
            self._heap = [entry for entry in self._heap if self._is_valid(entry)]
            heapify(self._heap)
        return True

    def hold(self, delivery: Delivery, due: int) -> None:
        """Hold a delivery until a later event is delivered, but no longer than `due`."""
        self._held.append(delivery)
        if len(self._held) > self._limit:
            self._held = [held for held in self._held if self._contains(held)]
        self.schedule(delivery, due)

    def release(self, delivered: Delivery, now: int) -> None:
        """Make the deliveries due that were held for this one."""
        waiting, self._held = self._held, []
        for delivery in waiting:
            if delivery.number >= delivered.number:
                self._held.append(delivery)
            elif not delivery.attempts and delivery.ticket is not None:
                self.schedule(delivery, now)

    def due_at(self) -> int | None:
        """Return the time of the next delivery; None if none is scheduled."""
        while self._heap and not self._is_valid(self._heap[0]):
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def take(self, now: int) -> Delivery | None:
        """Take the next due delivery, which then counts as being sent."""
        due = self.due_at()
        if due is None or due > now:
            return None
        delivery = heappop(self._heap)[2]
        delivery.ticket = None
        return delivery

    def remove(self, event_id: str) -> None:
        """Remove the delivery of an event."""
        self._deliveries.pop(event_id, None)

    def clear(self) -> None:
        """Remove all deliveries; one that is being sent is not retried."""
        self._deliveries.clear()
        self._heap.clear()
        self._held.clear()

    def _contains(self, delivery: Delivery) -> bool:
        return self._deliveries.get(delivery.event.id) is delivery

    def _is_valid(self, entry: tuple[int, int, Delivery]) -> bool:
        return entry[2].ticket == entry[1] and self._contains(entry[2])


class Outbox:
    """The delivery queues of an account's endpoints, and the log of attempts.

    Args:
        limit: The number of deliveries that each queue keeps.
        log_size: The number of attempts that the log keeps.
    """

    def __init__(self, limit: int = 10_000, log_size: int = 1_000) -> None:
        self._limit = limit
        self._queues: dict[str, DeliveryQueue] = {}
        self.log = DeliveryLog(log_size)

    def __iter__(self) -> Iterator[DeliveryQueue]:
        return iter(tuple(self._queues.values()))

    def add(self, event: Event) -> None:
        """DeliveryQueue an event for every endpoint that it is pending for."""
        for endpoint_id in event.pending:
            self.queue(endpoint_id).add(event, event.created)

    def resend(self, event: Event, endpoint_id: str, now: int) -> None:
        """DeliveryQueue an event again, which may be delivered already; faults do not apply."""
        self.queue(endpoint_id).add(event, now).faults_applied = True

    def queue(self, endpoint_id: str) -> DeliveryQueue:
        """Return the queue of an endpoint."""
        queue = self._queues.get(endpoint_id)
        if queue is None:
            queue = self._queues[endpoint_id] = DeliveryQueue(endpoint_id, self._limit)
        return queue

    def remove(self, event_id: str, endpoint_id: str) -> None:
        """Remove the delivery of an event to an endpoint."""
        self.queue(endpoint_id).remove(event_id)

    def drop(self, endpoint_id: str) -> None:
        """Remove all deliveries of an endpoint."""
        self.queue(endpoint_id).clear()
