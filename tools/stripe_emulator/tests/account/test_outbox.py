"""The outbox: what is due, and the bounds of what it keeps."""

from stripe_emulator.account.outbox import Outbox, Queue
from stripe_emulator.objects.event import NO_REQUEST, Event
from stripe_emulator.webhook_settings import WebhookSettings


def event(name: str, created: int = 100) -> Event:
    return Event(name, created, "customer.created", b"{}", NO_REQUEST, pending={"we_1"})


def taken(queue: Queue, now: int) -> list[str]:
    found: list[str] = []
    while delivery := queue.take(now):
        found.append(delivery.event.id)
    return found


def test_it_gives_what_is_due_in_the_order_it_happened():
    outbox = Outbox()
    for number in range(3):
        outbox.add(event(str(number)))
    queue = outbox.queue("we_1")
    assert queue.take(99) is None
    assert taken(queue, 100) == ["0", "1", "2"]
    assert len(queue) == 3


def test_the_oldest_are_forgotten():
    outbox = Outbox(limit=10)
    for number in range(1_000):
        outbox.add(event(str(number)))
    queue = outbox.queue("we_1")
    assert len(queue) == 10
    assert len(queue._heap) <= 21
    assert taken(queue, 100) == [str(number) for number in range(990, 1_000)]


def test_what_was_removed_is_not_tried_again():
    outbox = Outbox()
    outbox.add(event("0"))
    queue = outbox.queue("we_1")
    delivery = queue.take(100)
    assert delivery is not None
    outbox.remove("0", "we_1")
    assert not queue.schedule(delivery, 100)
    assert queue.due_at() is None


def test_what_is_held_is_bounded_too():
    queue = Queue("we_1", limit=10)
    for number in range(100):
        queue.add(event(str(number)), 100)
        delivery = queue.take(100)
        assert delivery is not None
        queue.hold(delivery, 200)
    assert len(queue._held) <= 11
    assert len(queue) == 10


def test_a_retry_is_not_brought_forward_by_a_later_event():
    queue = Queue("we_1", limit=10)
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


def test_the_wait_doubles_up_to_its_limit():
    settings = WebhookSettings(retry_seconds=2, retry_limit_seconds=60)
    assert [settings.wait_seconds(attempts) for attempts in range(1, 8)] == [
        2, 4, 8, 16, 32, 60, 60,
    ]  # fmt: skip
