import asyncio

from payment_service.errors import LeaseLost

LEASE_SECONDS = 0.6


def is_lost(current):
    try:
        current()
    except LeaseLost:
        return True
    return False


async def test_a_payment_left_behind_is_taken_up_once_its_lease_has_passed(
    work, stripe, put, run, when
):
    put()

    async with run():
        await when(lambda: not work.pending)

    assert [lease.attempts for lease in stripe.asked] == [2]


async def test_a_lease_is_renewed_for_as_long_as_the_call_takes(work, stripe, put, run, when):
    stripe.open.clear()
    loop = asyncio.get_running_loop()

    async with run() as first, run():
        first.offer(put())
        end = loop.time() + 2 * LEASE_SECONDS
        await when(lambda: loop.time() > end)
        stripe.open.set()
        await when(lambda: not work.pending)

    assert [lease.attempts for lease in stripe.asked] == [1]


async def test_nothing_more_is_sent_when_a_lease_could_not_be_renewed(
    work, put, make_executor, when
):
    async def away(_):
        await asyncio.Event().wait()

    work.renew = away
    lost = []

    async def do(lease, current):
        await when(lambda: is_lost(current))
        lost.append(lease)
        raise LeaseLost

    executor = make_executor(do=do)
    task = asyncio.create_task(executor.run())
    executor.offer(put())

    await when(lambda: lost)

    assert work.results == []
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_stopping_waits_for_calls_in_flight_and_gives_the_rest_back(
    work, stripe, put, run, when
):
    stripe.open.clear()
    begun, waiting = put(2)

    async with run(concurrency=1) as executor:
        executor.offer([begun, waiting])
        await when(lambda: stripe.in_flight)
        executor.stop()
        await when(lambda: work.is_due(waiting))
        (given_back,) = await work.take(1)
        assert given_back.payment == waiting.payment
        assert work.results == []
        stripe.open.set()

    assert [result.lease.payment for result in work.results] == [begun.payment]


async def test_a_call_that_stopping_interrupts_is_given_back(work, put, run, when):
    async def repeating(_, current):
        await when(lambda: is_lost(current))
        raise LeaseLost

    async with run(do=repeating) as executor:
        executor.offer(put())

    assert len(await work.take(1)) == 1
