"""Events on their way to webhook endpoints: what is due next, for each endpoint on its own."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import count

from stripe_emulator.account.delivery_log import DeliveryLog
from stripe_emulator.objects.event import Event


@dataclass(slots=True, eq=False)
class Delivery:
    """An event that an endpoint has not taken yet.

    Attributes:
        number: grows with every event of the endpoint, in the order they happened.
        attempts: how many failed so far.
        fault: the kind of the fault that hit it.
        admitted: whether faults had their chance: each gets it once.
        ticket: its place among those that are due at one time; None while it is under way.
    """

    event: Event
    endpoint_id: str
    number: int
    attempts: int = 0
    fault: str | None = None
    admitted: bool = False
    ticket: int | None = None


class Queue:
    """What one endpoint has to get, by the time it is due, then in the order it came.

    Args:
        endpoint_id: the endpoint.
        limit: how many are kept; the oldest is forgotten.
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
        """Enter an event, instead of its delivery where it waits already."""
        delivery = Delivery(event, self.endpoint_id, next(self._numbers))
        self._deliveries[event.id] = delivery
        if len(self._deliveries) > self._limit:
            self._deliveries.popitem(last=False)
        self.schedule(delivery, due)
        return delivery

    def schedule(self, delivery: Delivery, due: int) -> bool:
        """Have a delivery become due, unless it was removed; say whether it will."""
        if not self._holds(delivery):
            return False
        delivery.ticket = next(self._numbers)
        heappush(self._heap, (due, delivery.ticket, delivery))
        if len(self._heap) > 2 * self._limit + 1:
            self._heap = [entry for entry in self._heap if self._is_valid(entry)]
            heapify(self._heap)
        return True

    def hold(self, delivery: Delivery, due: int) -> None:
        """Have a delivery wait until a later event was delivered, or at the longest until due."""
        self._held.append(delivery)
        if len(self._held) > self._limit:
            self._held = [held for held in self._held if self._holds(held)]
        self.schedule(delivery, due)

    def release(self, delivered: Delivery, now: int) -> None:
        """Have what was held for this delivery become due."""
        waiting, self._held = self._held, []
        for delivery in waiting:
            if delivery.number >= delivered.number:
                self._held.append(delivery)
            elif not delivery.attempts and delivery.ticket is not None:
                self.schedule(delivery, now)

    def due_at(self) -> int | None:
        """When the next delivery is due; None when all are under way, or there is none."""
        while self._heap and not self._is_valid(self._heap[0]):
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def take(self, now: int) -> Delivery | None:
        """The next delivery that is due, which is under way from now on."""
        due = self.due_at()
        if due is None or due > now:
            return None
        delivery = heappop(self._heap)[2]
        delivery.ticket = None
        return delivery

    def remove(self, event_id: str) -> None:
        """Forget the delivery of an event."""
        self._deliveries.pop(event_id, None)

    def clear(self) -> None:
        """Forget all deliveries; one that is under way is not tried again."""
        self._deliveries.clear()
        self._heap.clear()
        self._held.clear()

    def _holds(self, delivery: Delivery) -> bool:
        return self._deliveries.get(delivery.event.id) is delivery

    def _is_valid(self, entry: tuple[int, int, Delivery]) -> bool:
        return entry[2].ticket == entry[1] and self._holds(entry[2])


class Outbox:
    """The queues of an account's endpoints, and the log of what was sent.

    Args:
        limit: how many deliveries each queue keeps.
        log_size: how many attempts the log keeps.
    """

    def __init__(self, limit: int = 10_000, log_size: int = 1_000) -> None:
        self._limit = limit
        self._queues: dict[str, Queue] = {}
        self.log = DeliveryLog(log_size)

    def __iter__(self) -> Iterator[Queue]:
        return iter(tuple(self._queues.values()))

    def add(self, event: Event) -> None:
        """Enter an event for every endpoint that it is pending for."""
        for endpoint_id in event.pending:
            self.queue(endpoint_id).add(event, event.created)

    def resend(self, event: Event, endpoint_id: str, now: int) -> None:
        """Enter an event that may be delivered already; no fault hits it."""
        self.queue(endpoint_id).add(event, now).admitted = True

    def queue(self, endpoint_id: str) -> Queue:
        """The queue of an endpoint."""
        queue = self._queues.get(endpoint_id)
        if queue is None:
            queue = self._queues[endpoint_id] = Queue(endpoint_id, self._limit)
        return queue

    def remove(self, event_id: str, endpoint_id: str) -> None:
        """Forget the delivery of an event to an endpoint."""
        self.queue(endpoint_id).remove(event_id)

    def drop(self, endpoint_id: str) -> None:
        """Forget everything that waits for an endpoint."""
        self.queue(endpoint_id).clear()
