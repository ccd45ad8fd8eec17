"""The outbox on PostgreSQL, with a fake publisher."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from messaging_testing.fakes import FakePublisher, eventually
from messaging_testing.messages import outgoing
from messaging_testing.service import messaging
from saga_messaging.delivery import outbox_rows
from saga_messaging.delivery.outbox import Outbox
from sqlalchemy import text

pytestmark = pytest.mark.stack

QUICK = {"outbox_lease_seconds": 0.2, "outbox_sweep_seconds": 0.05}
NO_SWEEP = {"outbox_sweep_seconds": 3600}


@pytest.fixture
async def publisher():
    return FakePublisher()


@pytest.fixture
def make_outbox(database, publisher, make_settings):
    def make(publisher=publisher, **changes) -> Outbox:
        settings = make_settings(**{**QUICK, **changes})
        return Outbox(messaging.outbox, database, publisher, settings)

    return make


@pytest.fixture
def outbox(make_outbox):
    return make_outbox()


@asynccontextmanager
async def relaying(*outboxes: Outbox):
    tasks = [asyncio.create_task(outbox.relay()) for outbox in outboxes]
    yield
    for outbox in outboxes:
        outbox.stop()
    await asyncio.wait_for(asyncio.gather(*tasks), 60)


async def store(database, outbox, records):
    return await database.transaction(lambda connection: outbox.store(connection, records))


async def store_and_offer(database, outbox, records):
    outbox.offer(await store(database, outbox, records))


async def unsent(database) -> int:
    query = text("SELECT count(*) FROM outbox WHERE sent_at IS NULL")
    return await database.transaction(lambda connection: connection.scalar(query))


async def test_offered_records_are_published_in_order_and_marked_as_sent(
    database, outbox, publisher
):
    records = outgoing(1_200)
    async with relaying(outbox):
        for first in range(0, 1_200, 100):
            await store_and_offer(database, outbox, records[first : first + 100])
        await eventually(lambda: len(publisher.records) == 1_200)
    assert publisher.records == records
    assert max(map(len, publisher.sent)) <= 500
    assert not await unsent(database)
    (queue,) = outbox._queues.values()
    assert not queue._queue
    assert not queue._ids
    assert queue._bytes == 0


async def claim(database, *, limit: int = 10, queued=()) -> list:
    claimed, _ = await database.transaction(
        lambda connection: outbox_rows.claim_expired(
            connection,
            messaging.outbox,
            lease=timedelta(seconds=60),
            excluded=(),
            queued=queued,
            limit=limit,
            limit_bytes=1_000_000,
        )
    )
    return claimed


async def lease(database, records, interval: str) -> None:
    """Let the leases of the records end that long after now."""
    query = text(
        "UPDATE outbox SET claimed_until = now() + CAST(:interval AS interval)"
        " WHERE message_id = ANY(:ids)"
    )
    values = {"ids": [each.message_id for each in records], "interval": interval}
    await database.transaction(lambda connection: connection.execute(query, values))


async def test_a_row_is_not_claimed_while_an_earlier_one_of_its_key_is_leased(
    database, make_outbox
):
    first, second, third = outgoing(3, "one")
    (other,) = outgoing(1, "two")
    await store(database, make_outbox(), [first, second, third, other])
    await lease(database, [first, third, other], "-1 second")
    await lease(database, [second], "1 minute")

    assert await claim(database) == [first, other]
    await lease(database, [first], "1 minute")
    assert await claim(database, queued=[first.message_id]) == []
    both = [first.message_id, second.message_id]
    assert await claim(database, queued=both) == [third]
    await lease(database, [first, second, third, other], "-1 second")
    assert await claim(database) == [first, second, third, other]


async def test_of_rows_stored_together_the_earliest_are_claimed_first(database, make_outbox):
    records = outgoing(20, "one")
    await store(database, make_outbox(), records)
    await lease(database, records[10:], "-1 second")
    await lease(database, records, "-1 second")

    for first in range(0, 20, 5):
        claimed = await claim(database, limit=5)
        assert claimed == records[first : first + 5]
        sent = [each.message_id for each in claimed]
        await database.transaction(
            lambda connection, ids=sent: outbox_rows.mark_sent(connection, messaging.outbox, ids)
        )


async def test_a_swept_row_equals_the_stored_record(database, make_outbox, publisher):
    records = outgoing(1)
    records[0] = type(records[0])(
        **{name: getattr(records[0], name) for name in records[0].__slots__}
        | {"key": None, "value": b"\x00\xff", "headers": {"dead-letter-reason": "ä'\\"}}
    )
    await store(database, make_outbox(), records)
    async with relaying(make_outbox()):
        await eventually(lambda: publisher.records)
    assert publisher.records == records


async def test_rows_of_a_crashed_process_are_published_after_their_lease_expires(
    database, make_outbox, publisher
):
    dead, alive = make_outbox(), make_outbox()
    records = outgoing(3)
    await store(database, dead, records)
    async with relaying(alive):
        await eventually(lambda: len(publisher.records) == 3)
    assert not await unsent(database)


async def test_a_row_is_not_claimed_before_its_lease_expires(database, make_outbox, publisher):
    owner = make_outbox(outbox_lease_seconds=3600)
    other = make_outbox(outbox_lease_seconds=3600)
    records = outgoing(3)
    await store(database, owner, records)
    sweeps = count_sweeps(other)
    async with relaying(other):
        await eventually(lambda: len(sweeps) > 3)
        assert not publisher.sent
        owner.offer(records)
        async with relaying(owner):
            await eventually(lambda: publisher.sent)
    assert publisher.records == records


async def test_concurrent_sweeps_publish_each_row_once(database, make_outbox):
    publishers = [FakePublisher(), FakePublisher()]
    sweepers = [
        make_outbox(publisher, outbox_batch_size=7, outbox_lease_seconds=30)
        for publisher in publishers
    ]
    records = outgoing(300)
    await store(database, make_outbox(outbox_lease_seconds=0.001), records)
    sent = lambda: publishers[0].records + publishers[1].records  # noqa: E731
    async with relaying(*sweepers):
        await eventually(lambda: len(sent()) >= 300)
    assert {record.message_id for record in sent()} == {record.message_id for record in records}
    assert len(sent()) == 300


async def test_rows_beyond_the_memory_limit_are_published_by_a_sweep(
    database, make_outbox, publisher
):
    outbox = make_outbox(outbox_memory_limit=5)
    await store_and_offer(database, outbox, outgoing(23))
    assert len(outbox._queues["user_events"]._queue) == 5
    outbox.offer(outgoing(1))
    assert len(outbox._queues["user_events"]._queue) == 5
    async with relaying(outbox):
        await eventually(lambda: len(publisher.records) >= 23)
    assert not await unsent(database)


async def test_no_sweep_runs_while_memory_is_full(database, make_outbox, publisher):
    outbox = make_outbox(outbox_memory_limit=5, outbox_batch_size=5, outbox_lease_seconds=0.01)
    await store_and_offer(database, outbox, outgoing(9))
    sweeps = count_sweeps(outbox)
    publisher.gate.clear()
    async with relaying(outbox):
        await eventually(lambda: publisher.blocked and len(sweeps) > 1)
        assert not any(sweeps)
        publisher.gate.set()


async def test_a_backlog_is_swept_without_delay_between_batches(database, make_outbox, publisher):
    records = outgoing(100)
    await store(database, make_outbox(outbox_lease_seconds=0.001), records)
    outbox = make_outbox(outbox_batch_size=10, **NO_SWEEP)
    async with relaying(outbox):
        await eventually(lambda: len(publisher.records) == 100)


async def test_expired_rows_are_published_while_new_rows_arrive(database, make_outbox, publisher):
    left = outgoing(1, saga_id="left")
    await store(database, make_outbox(outbox_lease_seconds=0.001), left)
    outbox = make_outbox(outbox_batch_size=1)
    new = outgoing(1, saga_id="new")

    class Busy(FakePublisher):
        async def publish(self, records):
            result = await publisher.publish(records)
            if left[0] not in publisher.records:
                await store_and_offer(database, outbox, outgoing(1))
            return result

    outbox._publisher = Busy()
    await store_and_offer(database, outbox, new)
    # The first sweep runs at the start; only a later one may find the row.
    outbox._sweep = after_the_first(outbox._sweep)
    async with relaying(outbox):
        await eventually(lambda: left[0] in publisher.records)


async def test_a_stored_id_is_skipped_and_not_returned(database, outbox):
    records = outgoing(3)
    assert await store(database, outbox, records[:2]) == records[:2]
    assert await store(database, outbox, records) == records[2:]
    assert await store(database, outbox, []) == []


async def test_a_record_offered_twice_is_published_once(database, outbox, publisher):
    records = await store(database, outbox, outgoing(2))
    outbox.offer(records)
    outbox.offer(records)
    async with relaying(outbox):
        await eventually(lambda: publisher.records)
    assert publisher.records == records


async def test_an_offer_wakes_an_idle_relay(database, make_outbox, publisher):
    outbox = make_outbox(**NO_SWEEP)
    async with relaying(outbox):
        for count in range(1, 20):
            await store_and_offer(database, outbox, outgoing(1))
            await eventually(lambda count=count: len(publisher.records) == count)


async def test_a_record_offered_during_publishing_does_not_wait_for_a_sweep(
    database, make_outbox, publisher
):
    outbox = make_outbox(**NO_SWEEP)
    publisher.gate.clear()
    async with relaying(outbox):
        await store_and_offer(database, outbox, outgoing(1))
        await eventually(lambda: publisher.blocked)
        await store_and_offer(database, outbox, outgoing(1))
        publisher.gate.set()
        await eventually(lambda: len(publisher.records) == 2)


async def test_stop_ends_an_idle_relay_at_once(make_outbox):
    outbox = make_outbox(**NO_SWEEP)
    async with relaying(outbox):
        await eventually(lambda: outbox._wake._waiters)


async def test_stop_publishes_offered_records_then_returns_at_once(
    database, make_outbox, publisher
):
    outbox = make_outbox(outbox_batch_size=2, **NO_SWEEP)
    publisher.gate.clear()
    async with relaying(outbox):
        await store_and_offer(database, outbox, outgoing(7))
        await eventually(lambda: publisher.blocked)
        outbox.stop()
        publisher.gate.set()
    assert len(publisher.records) == 7
    assert not await unsent(database)


async def test_records_published_but_not_marked_are_published_again(
    database, make_outbox, publisher
):
    first = make_outbox()
    records = outgoing(2)
    await store_and_offer(database, first, records)
    relay = asyncio.create_task(first.relay())
    publisher.gate.clear()
    await eventually(lambda: publisher.blocked)
    relay.cancel()
    publisher.gate.set()
    async with relaying(make_outbox()):
        await eventually(lambda: len(publisher.records) >= 2)
    assert not await unsent(database)


async def test_a_failed_transaction_stores_nothing(database, outbox):
    def fail(connection):
        outbox.store(connection, outgoing(3))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await database.transaction(fail)
    assert not await unsent(database)


def count_sweeps(outbox: Outbox) -> list[bool]:
    """Return a list to which each sweep adds whether it may have left rows."""
    sweeps: list[bool] = []
    sweep = outbox._sweep

    async def counted() -> bool:
        sweeps.append(await sweep())
        return sweeps[-1]

    outbox._sweep = counted
    return sweeps


def after_the_first(sweep):
    rooms: list[int] = []

    async def later() -> bool:
        rooms.append(1)
        return await sweep() if len(rooms) > 1 else False

    return later
