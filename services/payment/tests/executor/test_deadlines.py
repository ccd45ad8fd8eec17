"""An authorization is begun in time or not at all, and a request is noted before it is sent."""

from dataclasses import replace
from functools import partial

import pytest
from payment_service.executor.authorize import authorize
from payment_service.model.lease import Lease
from payment_service.model.ports import Completed


@pytest.fixture
def unsent(store, make_request):
    """Store an authorization that is not begun later than at this age; return its lease."""

    def unsent(seconds):
        lease = replace(store.put(make_request()), unsent=True, begin_within_seconds=seconds)
        store.pending[lease.saga_id] = lease
        return lease

    return unsent


@pytest.fixture
def run_perform(run, perform):
    return partial(run, perform=perform)


@pytest.fixture
def perform(stripe, fake_gateway):
    """Authorize at the fake gateway if the time has passed, otherwise at the blockable Stripe."""

    async def perform(lease, current):
        if lease.expired:
            return await authorize(fake_gateway, None, lease, current)
        return await stripe.perform(lease, current)

    return perform


async def test_what_expires_in_the_queue_fails_without_a_request_though_stripe_hangs(
    store, stripe, unsent, run_perform, wait_until
):
    stripe.open.clear()
    leases = [unsent(seconds) for seconds in (60, 0.05, 0.05)]

    async with run_perform(concurrency=1) as executor:
        executor.offer(leases)
        await wait_until(lambda: len(store.progress) == 2)
        assert stripe.in_flight == 1
        stripe.open.set()

    failed = [progress.result for progress in store.progress[:2]]
    assert [(type(each), each.result.code) for each in store.progress[:2]] == [
        (Completed, "payment_canceled")
    ] * 2
    assert "No request was sent to Stripe" in failed[0].message
    assert len(stripe.leases) == 1


async def test_what_expires_behind_other_work_fails_though_stripe_hangs(
    store, stripe, unsent, run_perform, wait_until
):
    stripe.open.clear()
    in_slot, head, other = (replace(unsent(60), unsent=False) for _ in range(3))
    verifying = replace(other, verifying=True)

    async with run_perform(concurrency=1) as executor:
        executor.offer([in_slot, head, unsent(0.05), verifying, unsent(0.05)])
        await wait_until(lambda: len(store.progress) == 2)
        assert stripe.in_flight == 1
        stripe.open.set()

    assert [each.result.code for each in store.progress[:2]] == ["payment_canceled"] * 2


async def test_time_before_the_end_of_an_outage_does_not_count(
    store, stripe, unsent, run_perform, wait_until
):
    lease = replace(unsent(30), age_seconds=80)

    async with run_perform(available_seconds=lambda: 2.0) as executor:
        executor.offer([lease])
        await wait_until(lambda: not store.pending)

    assert len(stripe.leases) == 1


async def test_the_request_is_noted_before_it_is_sent(store, stripe, unsent, run, wait_until):
    noted = []
    start = store.start

    async def recorded(leases):
        noted.append(len(stripe.leases))
        return await start(leases)

    store.start = recorded
    async with run() as executor:
        executor.offer([unsent(60)])
        await wait_until(lambda: not store.pending)

    assert (noted, [lease.unsent for lease in stripe.leases]) == ([0], [False])


async def test_no_request_is_sent_for_what_ended_before_it(store, stripe, unsent, run, wait_until):
    lease = unsent(60)
    del store.pending[lease.saga_id]

    async with run() as executor:
        executor.offer([lease])
        await wait_until(lambda: not executor._leases)

    assert stripe.leases == []


async def test_an_authorization_that_may_have_been_sent_is_looked_up_not_failed(
    make_request, fake_gateway, perform_lease
):
    late = Lease(make_request(), begin_within_seconds=1).at_age(5, 100)

    progress = await perform_lease(late)

    assert (progress.verify, fake_gateway.keys, len(fake_gateway.lookup_ages)) == (True, [], 1)
