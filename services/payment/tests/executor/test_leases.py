import asyncio

from payment_service.errors import LeaseLost

LEASE_SECONDS = 0.6


def is_lost(current):
    try:
        current()
    except LeaseLost:
        return True
    return False


async def test_an_abandoned_payment_is_taken_after_its_lease_has_expired(
    store, stripe, put, run, wait_until
):
    put()

    async with run():
        await wait_until(lambda: not store.pending)

    assert [lease.attempts for lease in stripe.leases] == [2]


async def test_a_lease_is_renewed_during_a_long_call(store, stripe, put, run, wait_until):
    stripe.open.clear()
    loop = asyncio.get_running_loop()

    async with run() as first, run():
        first.offer(put())
        end = loop.time() + 2 * LEASE_SECONDS
        await wait_until(lambda: loop.time() > end)
        stripe.open.set()
        await wait_until(lambda: not store.pending)

    assert [lease.attempts for lease in stripe.leases] == [1]


async def test_no_more_requests_are_sent_if_a_lease_cannot_be_renewed(
    store, put, make_executor, wait_until
):
    async def away(_):
        await asyncio.Event().wait()

    store.renew = away
    lost = []

    async def perform(lease, current):
        await wait_until(lambda: is_lost(current))
        lost.append(lease)
        raise LeaseLost

    executor = make_executor(perform=perform)
    task = asyncio.create_task(executor.run())
    executor.offer(put())

    await wait_until(lambda: lost)

    assert store.progress == []
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_stopping_waits_for_calls_in_flight_and_gives_back_the_rest(
    store, stripe, put, run, wait_until
):
    stripe.open.clear()
    begun, waiting = put(2)

    async with run(concurrency=1) as executor:
        executor.offer([begun, waiting])
        await wait_until(lambda: stripe.in_flight)
        executor.stop()
        await wait_until(lambda: store.is_due(waiting))
        (given_back,) = await store.take(1)
        assert given_back.request == waiting.request
        assert store.progress == []
        stripe.open.set()

    assert [progress.lease.request for progress in store.progress] == [begun.request]


async def test_an_interrupted_lease_is_given_back_on_stop(store, put, run, wait_until):
    async def repeating(_, current):
        await wait_until(lambda: is_lost(current))
        raise LeaseLost

    async with run(perform=repeating) as executor:
        executor.offer(put())

    assert len(await store.take(1)) == 1
