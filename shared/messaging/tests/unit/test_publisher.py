"""The publisher with a fake producer that fails on demand."""

import asyncio
from collections.abc import Callable

import pytest
from aiokafka.errors import KafkaError, KafkaTimeoutError, OutOfOrderSequenceNumber
from messaging_testing.fakes import eventually
from messaging_testing.messages import outgoing
from saga_messaging.kafka import producer as module
from saga_messaging.kafka.publisher import Publisher


class FakeClient:
    def __init__(self) -> None:
        self.closed = False
        self.hosts = [("127.0.0.1", 9092, 0)]

    async def close(self) -> None:
        self.closed = True


class FakeProducer:
    """`faults` maps the number of a sent record to its error, raised by `send` or by the ack."""

    made: list["FakeProducer"]
    without_id: int
    """The number of producers, of those made next, that Kafka gives no id."""
    faults: dict[int, tuple[str, Exception]]
    sends: int

    def __init__(self, **_) -> None:
        self.sent: list[bytes] = []
        self.running = False
        self.hangs = False
        self.ignores_cancellation = 0
        self.client = FakeClient()
        self._sender = type("Sender", (), {"sender_task": None})()
        type(self).made.append(self)

    async def start(self) -> None:
        if type(self).without_id:
            type(self).without_id -= 1
            await asyncio.Event().wait()
        self.running = True
        self._sender.sender_task = asyncio.create_task(self._run_sender())

    async def _run_sender(self) -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if not self.ignores_cancellation:
                    raise
                self.ignores_cancellation -= 1

    async def stop(self) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self._sender.sender_task:
            self._sender.sender_task.cancel()
        self.client.closed = True
        self.running = False

    async def send(self, _: str, value: bytes, *__, **___) -> asyncio.Future:
        place = type(self).sends
        type(self).sends += 1
        where, error = self.faults.pop(place, ("", None))
        if where == "send":
            raise error
        await asyncio.sleep(0)
        ack = asyncio.get_running_loop().create_future()
        if where == "ack":
            ack.set_exception(error)
        else:
            self.sent.append(value)
            ack.set_result(None)
        return ack


@pytest.fixture
def producers(monkeypatch):
    FakeProducer.made, FakeProducer.faults, FakeProducer.sends = [], {}, 0
    FakeProducer.without_id = 0
    monkeypatch.setattr(module, "AIOKafkaProducer", FakeProducer)
    return FakeProducer


@pytest.fixture
async def make_publisher(producers, make_settings):
    made = []

    def make(**changes) -> Publisher:
        made.append(Publisher(make_settings(publish_retry_max_seconds=0.01, **changes)))
        return made[-1]

    yield make
    for publisher in made:
        await publisher.close()


@pytest.fixture
def publisher(make_publisher: Callable[..., Publisher]) -> Publisher:
    return make_publisher()


def values(records) -> list[bytes]:
    return [record.value for record in records]


async def test_records_are_published_in_order_by_one_producer(publisher, producers):
    records = outgoing(20)
    await publisher.publish(records[:10])
    await publisher.publish(records[10:])
    (producer,) = producers.made
    assert producer.sent == values(records)


async def test_concurrent_calls_run_one_after_another(publisher, producers):
    calls = [outgoing(10) for _ in range(5)]
    await asyncio.gather(*(publisher.publish(records) for records in calls))
    (producer,) = producers.made
    assert producer.sent == [value for records in calls for value in values(records)]


async def test_after_an_error_a_new_producer_sends_the_unacknowledged_records_in_order(
    publisher, producers
):
    records = [outgoing(1, f"saga {number}")[0] for number in range(6)]
    producers.faults = {2: ("ack", OutOfOrderSequenceNumber()), 4: ("ack", KafkaError())}
    await publisher.publish(records)
    old, new = producers.made
    assert not old.running
    assert old.sent == values([*records[:2], records[3], records[5]])
    assert new.sent == values([records[2], records[4]])


async def test_a_full_buffer_does_not_send_buffered_records_twice(publisher, producers):
    records = outgoing(6)
    producers.faults = {4: ("send", KafkaTimeoutError())}
    await publisher.publish(records)
    assert [value for each in producers.made for value in each.sent] == values(records)


async def test_publishing_is_retried_while_kafka_is_unavailable(publisher, producers):
    producers.faults = {place: ("send", KafkaTimeoutError()) for place in range(8)}
    records = outgoing(1)
    await asyncio.wait_for(publisher.publish(records), 60)
    assert producers.made[-1].sent == values(records)
    assert not any(each.running for each in producers.made[:-1])


async def test_a_producer_that_does_not_stop_is_cancelled(make_publisher, producers):
    publisher = make_publisher(kafka_request_timeout_seconds=0.05)
    await publisher.publish(outgoing(1))
    (old,) = producers.made
    old.hangs = True
    producers.faults = {1: ("ack", KafkaError())}
    await asyncio.wait_for(publisher.publish(outgoing(1)), 60)
    assert old._sender.sender_task.cancelled()
    assert old.client.closed
    assert len(producers.made) == 2


async def test_a_discard_that_is_canceled_leaves_no_sender(make_publisher, producers):
    publisher = make_publisher()
    await publisher.publish(outgoing(1))
    (old,) = producers.made
    old.hangs = True
    producers.faults = {1: ("ack", KafkaError())}
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(publisher.publish(outgoing(1)), 0.2)
    assert old._sender.sender_task.cancelled()
    assert old.client.closed


async def test_a_canceled_call_no_longer_waits(make_publisher, producers):
    publisher = make_publisher()
    producers.faults = {number: ("ack", KafkaError()) for number in range(10_000)}
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(publisher.publish(outgoing(1)), 0.2)
    assert not publisher.waiting


async def test_a_cancelled_call_leaves_the_publisher_usable(publisher, producers):
    cancelled = asyncio.create_task(publisher.publish(outgoing(100)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.wait([cancelled])
    records = outgoing(3)
    await asyncio.wait_for(publisher.publish(records), 60)
    assert producers.made[-1].sent[-3:] == values(records)


async def test_an_error_that_is_not_kafkas_is_raised(publisher, producers):
    producers.faults = {0: ("send", TypeError("a bug"))}
    with pytest.raises(TypeError, match="a bug"):
        await publisher.publish(outgoing(1))


async def test_an_unused_publisher_can_be_closed(publisher):
    await publisher.close()


async def test_a_producer_whose_sender_ignores_a_cancellation_is_cancelled_again(
    make_publisher, producers, monkeypatch
):
    monkeypatch.setattr(module, "_CANCEL_SECONDS", 0.01)
    publisher = make_publisher(kafka_request_timeout_seconds=0.05)
    await publisher.publish(outgoing(1))
    (old,) = producers.made
    old.hangs, old.ignores_cancellation = True, 2
    producers.faults = {1: ("ack", KafkaError())}
    await asyncio.wait_for(publisher.publish(outgoing(1)), 60)
    assert old._sender.sender_task.done()
    assert old.client.closed


async def test_a_broker_that_gives_no_producer_id_is_an_outage_that_is_seen(
    make_publisher, producers
):
    producers.without_id = 1_000_000
    publisher = make_publisher(kafka_request_timeout_seconds=0.02)
    (record,) = outgoing(1)
    publishing = asyncio.create_task(publisher.publish([record]))
    await eventually(lambda: "no producer id within 0.04 s" in str(publisher.waiting), 60)
    producers.without_id = 0
    await asyncio.wait_for(publishing, 60)
    assert producers.made[-1].sent == [record.value]
