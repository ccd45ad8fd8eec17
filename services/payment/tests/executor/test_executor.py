import asyncio

import pytest
from payment_service.model.authorization import Authorized
from payment_service.model.ports import Completed, Postponed


async def test_an_offered_payment_is_authorized(store, put, run, wait_until):

    async with run() as executor:
        executor.offer(put())
        await wait_until(lambda: not store.pending)

    assert [progress.result for progress in store.progress] == [Authorized("pi_1")]


async def test_a_begun_waiting_operation_is_performed_without_another_sweep(
    store, put, run, wait_until
):
    store.follow_ups, sweeps = 2, []
    take = store.take

    async def counted(limit):
        sweeps.append(limit)
        return await take(limit)

    store.take = counted
    async with run(sweep_seconds=3_600) as executor:
        await wait_until(lambda: sweeps)
        executor.offer(put())
        await wait_until(lambda: not store.pending)

    assert [progress.lease.attempts for progress in store.progress] == [1, 2, 3]
    assert len(sweeps) == 1


async def test_a_waiting_operation_begun_while_stopping_is_given_back(
    store, stripe, put, make_executor, wait_until
):
    stripe.open.clear()
    store.follow_ups = 1
    executor = make_executor(sweep_seconds=3_600)
    task = asyncio.create_task(executor.run())
    executor.offer(put())
    await wait_until(lambda: stripe.in_flight)

    executor.stop()
    stripe.open.set()
    await task

    (begun,) = store.pending.values()
    assert begun.attempts == 2
    assert store.is_due(begun)


async def test_the_concurrency_limit_is_respected(store, stripe, put, run, wait_until):
    stripe.open.clear()

    async with run(concurrency=3) as executor:
        executor.offer(put(20))
        await wait_until(lambda: stripe.in_flight == 3)
        stripe.open.set()
        await wait_until(lambda: not store.pending)

    assert (stripe.most_in_flight, len(stripe.leases)) == (3, 20)


async def test_results_that_arrive_during_a_write_share_the_next_one(
    store, stripe, put, run, wait_until
):
    stripe.open.clear()

    async with run(concurrency=50) as executor:
        executor.offer(put(50))
        await wait_until(lambda: stripe.in_flight == 50)
        stripe.open.set()
        await wait_until(lambda: not store.pending)

    assert store.writes <= 2


async def test_a_failing_payment_is_postponed_and_others_continue(
    store, stripe, make_request, run, wait_until
):
    good, bad = make_request(), make_request()

    async def perform(lease, current):
        if lease.request == bad:
            raise KeyError("status")
        return await stripe.perform(lease, current)

    async with run(perform=perform) as executor:
        executor.offer([store.put(bad), store.put(good)])
        await wait_until(lambda: len(store.progress) == 2)

    reasons = {type(progress): progress for progress in store.progress}
    assert reasons[Completed].lease.request == good
    assert reasons[Postponed].reason == "operation failed: KeyError: 'status'"


async def test_a_bug_in_writing_ends_the_executor(store, put, make_executor):
    async def broken(_):
        raise ValueError("a bug")

    store.write = broken
    executor = make_executor()
    task = asyncio.create_task(executor.run())
    executor.offer(put())

    with pytest.raises(ExceptionGroup):
        await task


async def test_a_result_that_cannot_be_stored_is_postponed_and_others_are_stored(
    store, stripe, put, run, wait_until
):
    leases, write = put(20), store.write
    bad = leases[7].saga_id

    async def write_all_but_one(progress):
        if any(isinstance(each, Completed) and each.lease.saga_id == bad for each in progress):
            raise ValueError("payment_intent_id: too long\0")
        return await write(progress)

    store.write = write_all_but_one
    stripe.open.clear()
    async with run(concurrency=20) as executor:
        executor.offer(leases)
        await wait_until(lambda: stripe.in_flight == 20)
        stripe.open.set()
        await wait_until(lambda: len(store.progress) == 20)

    (postponed,) = [each for each in store.progress if isinstance(each, Postponed)]
    assert (postponed.lease.saga_id, postponed.reason) == (
        bad,
        "the result cannot be stored: ValueError: payment_intent_id: too long\ufffd",
    )
    assert set(store.pending) == {bad}


async def test_leases_above_the_memory_limit_wait_for_the_sweep(
    store, stripe, put, run, wait_until
):
    async with run(memory_limit=2) as executor:
        executor.offer(put(5))
        await wait_until(lambda: not store.pending)

    assert sorted(lease.attempts for lease in stripe.leases) == [1, 1, 2, 2, 2]
