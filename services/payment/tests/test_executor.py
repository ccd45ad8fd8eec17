import asyncio
from contextlib import asynccontextmanager

import pytest
from payment_service.domain import Authorized
from payment_service.errors import LeaseLost
from payment_service.executor import Executor
from payment_service.ports import Decided, Lease, Postponed

LEASE_SECONDS = 0.6


@pytest.fixture
def work(fake_work):
    return fake_work(LEASE_SECONDS)


class Stripe:
    """Holds everything; its calls can be kept waiting."""

    def __init__(self):
        self.open = asyncio.Event()
        self.open.set()
        self.asked: list[Lease] = []
        self.in_flight = self.most_in_flight = 0

    async def authorize(self, lease, may_ask):
        if not may_ask():
            raise LeaseLost
        self.asked.append(lease)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await self.open.wait()
        self.in_flight -= 1
        return Decided(lease, Authorized("pi_1"))


@pytest.fixture
async def stripe():
    return Stripe()


def make_executor(work, authorize, **changes):
    defaults = {
        "concurrency": 4,
        "memory_limit": 100,
        "lease_seconds": LEASE_SECONDS,
        "sweep_seconds": 0.02,
    }
    return Executor(
        work=work,
        authorize=authorize,
        postpone=lambda lease, reason: Postponed(lease, reason, 60),
        **{**defaults, **changes},
    )


@asynccontextmanager
async def running(executor):
    task = asyncio.create_task(executor.run())
    yield task
    executor.stop()
    await task


async def test_a_payment_that_is_offered_is_authorized(work, stripe, make_payment, eventually):
    executor = make_executor(work, stripe.authorize)

    async with running(executor):
        executor.offer([work.put(make_payment())])
        await eventually(lambda: no(work.pending))

    assert [result.verdict for result in work.results] == [Authorized("pi_1")]


async def test_a_payment_left_behind_is_taken_up_once_its_lease_has_passed(
    work, stripe, make_payment, eventually
):
    work.put(make_payment())

    async with running(make_executor(work, stripe.authorize)):
        await eventually(lambda: no(work.pending))

    assert [lease.attempts for lease in stripe.asked] == [2]


async def test_no_more_payments_than_allowed_are_at_stripe_at_a_time(
    work, stripe, make_payment, eventually
):
    executor = make_executor(work, stripe.authorize, concurrency=3)
    stripe.open.clear()

    async with running(executor):
        executor.offer([work.put(make_payment()) for _ in range(20)])
        await eventually(lambda: yes(stripe.in_flight == 3))
        stripe.open.set()
        await eventually(lambda: no(work.pending))

    assert (stripe.most_in_flight, len(stripe.asked)) == (3, 20)


async def test_what_ends_while_others_are_written_is_written_together(
    work, stripe, make_payment, eventually
):
    executor = make_executor(work, stripe.authorize, concurrency=50)
    stripe.open.clear()

    async with running(executor):
        executor.offer([work.put(make_payment()) for _ in range(50)])
        await eventually(lambda: yes(stripe.in_flight == 50))
        stripe.open.set()
        await eventually(lambda: no(work.pending))

    assert work.writes <= 2


async def test_a_lease_is_renewed_for_as_long_as_the_call_takes(
    work, stripe, make_payment, eventually
):
    first, second = make_executor(work, stripe.authorize), make_executor(work, stripe.authorize)
    stripe.open.clear()
    loop = asyncio.get_running_loop()

    async with running(first), running(second):
        first.offer([work.put(make_payment())])
        end = loop.time() + 2 * LEASE_SECONDS
        await eventually(lambda: yes(loop.time() > end))
        stripe.open.set()
        await eventually(lambda: no(work.pending))

    assert [lease.attempts for lease in stripe.asked] == [1]


async def test_nothing_more_is_sent_when_a_lease_could_not_be_renewed(
    work, stripe, make_payment, eventually
):
    async def away(_):
        await asyncio.Event().wait()

    work.renew = away
    may_ask = []

    async def authorize(lease, ask):
        await eventually(lambda: yes(not ask()))
        may_ask.append(ask())
        raise LeaseLost

    executor = make_executor(work, authorize)
    task = asyncio.create_task(executor.run())
    executor.offer([work.put(make_payment())])

    await eventually(lambda: yes(may_ask))

    assert work.results == []
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_one_payment_that_cannot_be_handled_waits_and_the_others_go_on(
    work, stripe, make_payment, eventually
):
    good, bad = make_payment(), make_payment()

    async def authorize(lease, ask):
        if lease.payment == bad:
            raise KeyError("status")
        return await stripe.authorize(lease, ask)

    executor = make_executor(work, authorize)
    async with running(executor):
        executor.offer([work.put(bad), work.put(good)])
        await eventually(lambda: yes(len(work.results) == 2))

    reasons = {type(result): result for result in work.results}
    assert reasons[Decided].lease.payment == good
    assert reasons[Postponed].reason == "not handled: KeyError: 'status'"


async def test_a_failure_to_write_that_is_no_transient_one_ends_the_executor(
    work, stripe, make_payment
):
    async def broken(_):
        raise ValueError("a bug")

    work.write = broken
    executor = make_executor(work, stripe.authorize)
    task = asyncio.create_task(executor.run())
    executor.offer([work.put(make_payment())])

    with pytest.raises(ExceptionGroup):
        await task


async def test_stopping_waits_for_calls_in_flight_and_gives_the_rest_back(
    work, stripe, make_payment, eventually
):
    executor = make_executor(work, stripe.authorize, concurrency=1)
    stripe.open.clear()
    begun, waiting = make_payment(), make_payment()

    async with running(executor) as task:
        executor.offer([work.put(begun), work.put(waiting)])
        await eventually(lambda: yes(stripe.in_flight))
        executor.stop()
        (given_back,) = await eventually(lambda: work.take(1))
        assert given_back.payment == waiting
        assert not task.done()
        stripe.open.set()

    assert [result.lease.payment for result in work.results] == [begun]


async def test_a_call_that_stopping_interrupts_is_given_back(work, make_payment, eventually):
    async def repeating(_, may_ask):
        await eventually(lambda: yes(not may_ask()))
        raise LeaseLost

    executor = make_executor(work, repeating)

    async with running(executor):
        executor.offer([work.put(make_payment())])

    assert len(await work.take(1)) == 1


async def test_what_does_not_fit_into_memory_waits_for_the_sweep(
    work, stripe, make_payment, eventually
):
    executor = make_executor(work, stripe.authorize, memory_limit=2)

    async with running(executor):
        executor.offer([work.put(make_payment()) for _ in range(5)])
        await eventually(lambda: no(work.pending))

    assert sorted(lease.attempts for lease in stripe.asked) == [1, 1, 2, 2, 2]


async def yes(value):
    return value


async def no(value):
    return not value
