"""What every store of pending payments promises: run against the fake and against PostgreSQL."""

import asyncio

import pytest
from payment_service.model.authorization import Authorized, StripeUnavailable
from payment_service.model.failures import verdict_of
from payment_service.model.ports import Decided, Postponed

LONG, SHORT = 30.0, 0.05


@pytest.fixture(params=["fake_work", "real_work"])
def work_with(request):
    return request.getfixturevalue(request.param)


def held(lease):
    return Decided(lease, Authorized("pi_1"))


def pause(lease, seconds=0.0, **changes):
    return Postponed(lease, "no route to host", seconds, **changes)


async def test_a_leased_payment_is_not_taken(work_with, make_payment):
    work = work_with(LONG)
    work.put(make_payment())

    assert list(await work.take(10)) == []


async def test_a_payment_is_taken_once_its_lease_has_passed(work_with, make_payment, eventually):
    work, payment = work_with(SHORT), make_payment()
    work.put(payment)

    (lease,) = await eventually(lambda: work.take(10))

    assert (lease.payment, lease.attempts) == (payment, 2)
    assert (lease.settling, lease.settled, lease.last_error) == (False, False, None)


async def test_no_payment_is_taken_by_two_at_once(work_with, make_payment):
    work = work_with(LONG)
    payments = [make_payment() for _ in range(20)]
    await work.give_back([work.put(payment) for payment in payments])

    taken = await asyncio.gather(*(work.take(10) for _ in range(4)))

    ids = [lease.payment.saga_id for leases in taken for lease in leases]
    assert len(ids) == len(set(ids)) <= 20
    assert all(len(leases) <= 10 for leases in taken)


async def test_a_renewed_lease_lasts_its_whole_time_again(work_with, make_payment):
    work = work_with(LONG)
    lease = work.put(make_payment())
    await work.give_back([lease])

    assert await work.renew([lease]) == {lease.token: False}
    assert list(await work.take(10)) == []


async def test_a_lease_that_another_took_since_has_no_effect(work_with, make_payment):
    work = work_with(LONG)
    old = work.put(make_payment())
    await work.give_back([old])
    (new,) = await work.take(1)

    assert await work.renew([old]) == {}
    await work.give_back([old])
    assert list(await work.take(1)) == []
    assert list(await work.write([held(old)])) == [False]
    assert list(await work.write([pause(old)])) == [False]
    assert list(await work.write([held(new)])) == [True]


@pytest.mark.parametrize("verdict", [Authorized("pi_1"), verdict_of(StripeUnavailable(""))])
async def test_a_payment_ends_once(work_with, make_payment, verdict):
    work = work_with(LONG)
    lease = work.put(make_payment())

    assert list(await work.write([Decided(lease, verdict)])) == [True]

    assert list(await work.write([held(lease)])) == [False]
    assert list(await work.write([pause(lease)])) == [False]
    assert await work.renew([lease]) == {}
    await work.give_back([lease])
    assert list(await work.take(1)) == []


async def test_results_of_a_batch_stand_for_themselves(work_with, make_payment):
    work = work_with(LONG)
    leases = [work.put(make_payment()) for _ in range(3)]
    await work.write([held(leases[0])])

    results = [held(leases[0]), pause(leases[1], LONG), held(leases[2])]

    assert list(await work.write(results)) == [False, True, True]


async def test_a_postponed_payment_is_taken_after_its_pause(work_with, make_payment, eventually):
    work = work_with(LONG)
    lease = work.put(make_payment())

    await work.write([pause(lease, 0.2)])

    assert list(await work.take(1)) == []
    (again,) = await eventually(lambda: work.take(1))
    assert (again.attempts, again.settling, again.last_error) == (2, False, "no route to host")


async def test_a_payment_settles_from_its_last_request_on(work_with, make_payment, eventually):
    work = work_with(LONG)
    lease = work.put(make_payment())

    await work.write([pause(lease, 0.2, settle=True)])

    (settled,) = await eventually(lambda: work.take(1))
    assert (settled.settling, settled.settled) == (True, True)


async def test_a_payment_that_is_taken_before_has_not_settled(work_with, make_payment, eventually):
    work = work_with(LONG)
    lease = work.put(make_payment())
    await work.write([pause(lease, LONG, settle=True)])
    await work.give_back([lease])
    (settling,) = await work.take(1)
    await work.write([pause(settling)])

    (again,) = await eventually(lambda: work.take(1))

    assert (settling.settling, settling.settled) == (True, False)
    assert (again.settling, again.settled) == (True, False)
