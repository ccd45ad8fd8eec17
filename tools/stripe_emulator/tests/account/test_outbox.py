"""The outbox: due deliveries and bounds."""

from stripe_emulator.account.outbox import DeliveryQueue, Outbox
from stripe_emulator.bounds import WebhookBounds
from stripe_emulator.objects.event import NO_REQUEST, Event


def event(name: str, created: int = 100) -> Event:
    return Event(name, created, "customer.created", b"{}", NO_REQUEST, pending={"we_1"})


def taken(queue: DeliveryQueue, now: int) -> list[str]:
    found: list[str] = []
    while delivery := queue.take(now):
        found.append(delivery.event.id)
    return found


def test_due_events_are_taken_in_order():
    outbox = Outbox()
    for number in range(3):
        outbox.add(event(str(number)))
    queue = outbox.queue("we_1")
    assert queue.take(99) is None
    assert taken(queue, 100) == ["0", "1", "2"]
    assert len(queue) == 3


def test_oldest_deliveries_are_dropped():
    outbox = Outbox(limit=10)
    for number in range(1_000):
        outbox.add(event(str(number)))
    queue = outbox.queue("we_1")
    assert len(queue) == 10
    assert len(queue._heap) <= 21
    assert taken(queue, 100) == [str(number) for number in range(990, 1_000)]


def test_removed_delivery_is_not_rescheduled():
    outbox = Outbox()
    outbox.add(event("0"))
    queue = outbox.queue("we_1")
    delivery = queue.take(100)
    assert delivery is not None
    outbox.remove("0", "we_1")
    assert not queue.schedule(delivery, 100)
    assert queue.due_at() is None


def test_held_deliveries_are_bounded():
    queue = DeliveryQueue("we_1", limit=10)
    for number in range(100):
        queue.add(event(str(number)), 100)
        delivery = queue.take(100)
        assert delivery is not None
        queue.hold(delivery, 200)
    assert len(queue._held) <= 11
    assert len(queue) == 10


def test_later_event_does_not_hasten_a_retry():
    queue = DeliveryQueue("we_1", limit=10)
    queue.add(event("0"), 100)
    held = queue.take(100)
    assert held is not None
    queue.hold(held, 110)
    assert queue.take(110) is held
    held.attempts = 1
    queue.schedule(held, 150)
    queue.add(event("1"), 111)
    later = queue.take(111)
    assert later is not None
    queue.release(later, 111)
    assert queue.due_at() == 150


def test_retry_delay_doubles_up_to_its_limit():
    bounds = WebhookBounds(retry_seconds=2, retry_limit_seconds=60)
    assert [bounds.wait_seconds(attempts) for attempts in range(1, 8)] == [
        2, 4, 8, 16, 32, 60, 60,
    ]  # fmt: skip
