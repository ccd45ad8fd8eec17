import asyncio

import pytest
from payment_service.model.authorization import Authorized
from payment_service.model.ports import Decided, Postponed


async def test_a_payment_that_is_offered_is_authorized(work, put, run, when):

    async with run() as executor:
        executor.offer(put())
        await when(lambda: not work.pending)

    assert [result.verdict for result in work.results] == [Authorized("pi_1")]


async def test_what_the_end_of_an_operation_begins_is_done_without_another_sweep(
    work, put, run, when
):
    work.follow_ups, sweeps = 2, []
    take = work.take

    async def counted(limit):
        sweeps.append(limit)
        return await take(limit)

    work.take = counted
    async with run(sweep_seconds=3_600) as executor:
        await when(lambda: sweeps)
        executor.offer(put())
        await when(lambda: not work.pending)

    assert [result.lease.attempts for result in work.results] == [1, 2, 3]
    assert len(sweeps) == 1


async def test_what_an_operation_begins_while_the_executor_stops_is_left_to_others(
    work, stripe, put, make_executor, when
):
    stripe.open.clear()
    work.follow_ups = 1
    executor = make_executor(sweep_seconds=3_600)
    task = asyncio.create_task(executor.run())
    executor.offer(put())
    await when(lambda: stripe.in_flight)

    executor.stop()
    stripe.open.set()
    await task

    (begun,) = work.pending.values()
    assert begun.attempts == 2
    assert work.is_due(begun)


async def test_no_more_payments_than_allowed_are_at_stripe_at_a_time(work, stripe, put, run, when):
    stripe.open.clear()

    async with run(concurrency=3) as executor:
        executor.offer(put(20))
        await when(lambda: stripe.in_flight == 3)
        stripe.open.set()
        await when(lambda: not work.pending)

    assert (stripe.most_in_flight, len(stripe.asked)) == (3, 20)


async def test_what_ends_while_others_are_written_is_written_together(work, stripe, put, run, when):
    stripe.open.clear()

    async with run(concurrency=50) as executor:
        executor.offer(put(50))
        await when(lambda: stripe.in_flight == 50)
        stripe.open.set()
        await when(lambda: not work.pending)

    assert work.writes <= 2


async def test_one_payment_that_cannot_be_handled_waits_and_the_others_go_on(
    work, stripe, make_payment, run, when
):
    good, bad = make_payment(), make_payment()

    async def do(lease, current):
        if lease.payment == bad:
            raise KeyError("status")
        return await stripe.do(lease, current)

    async with run(do=do) as executor:
        executor.offer([work.put(bad), work.put(good)])
        await when(lambda: len(work.results) == 2)

    reasons = {type(result): result for result in work.results}
    assert reasons[Decided].lease.payment == good
    assert reasons[Postponed].reason == "not handled: KeyError: 'status'"


async def test_a_failure_to_write_that_is_no_transient_one_ends_the_executor(
    work, put, make_executor
):
    async def broken(_):
        raise ValueError("a bug")

    work.write = broken
    executor = make_executor()
    task = asyncio.create_task(executor.run())
    executor.offer(put())

    with pytest.raises(ExceptionGroup):
        await task


async def test_what_does_not_fit_into_memory_waits_for_the_sweep(work, stripe, put, run, when):
    async with run(memory_limit=2) as executor:
        executor.offer(put(5))
        await when(lambda: not work.pending)

    assert sorted(lease.attempts for lease in stripe.asked) == [1, 1, 2, 2, 2]
