"""The contract of lease stores, run against the fake and PostgreSQL."""

import asyncio

import pytest
from payment_service.model.authorization import Authorized, StripeUnavailable
from payment_service.model.failures import authorization_result
from payment_service.model.ports import Completed, Postponed

LONG, SHORT = 30.0, 0.05


@pytest.fixture(params=["fake_lease_store", "real_lease_store"])
def store_with(request):
    return request.getfixturevalue(request.param)


def held(lease):
    return Completed(lease, Authorized("pi_1"))


def pause(lease, seconds=0.0, **changes):
    return Postponed(lease, "no route to host", seconds, **changes)


async def test_a_leased_payment_is_not_taken(store_with, make_request):
    store = store_with(LONG)
    store.put(make_request())

    assert list(await store.take(10)) == []


async def test_a_payment_is_taken_after_its_lease_has_expired(store_with, make_request, eventually):
    store, payment = store_with(SHORT), make_request()
    store.put(payment)

    (lease,) = await eventually(lambda: store.take(10))

    assert (lease.request, lease.attempts) == (payment, 2)
    assert (lease.verifying, lease.verified, lease.last_error) == (False, False, None)


async def test_concurrent_takes_return_distinct_leases(store_with, make_request):
    store = store_with(LONG)
    payments = [make_request() for _ in range(20)]
    await store.give_back([store.put(payment) for payment in payments])

    taken = await asyncio.gather(*(store.take(10) for _ in range(4)))

    ids = [lease.request.saga_id for leases in taken for lease in leases]
    assert len(ids) == len(set(ids)) <= 20
    assert all(len(leases) <= 10 for leases in taken)


async def test_a_renewed_lease_lasts_its_full_duration_again(store_with, make_request):
    store = store_with(LONG)
    lease = store.put(make_request())
    await store.give_back([lease])

    assert await store.renew([lease]) == {lease.token: False}
    assert list(await store.take(10)) == []


async def test_a_superseded_lease_has_no_effect(store_with, make_request):
    store = store_with(LONG)
    old = store.put(make_request())
    await store.give_back([old])
    (new,) = await store.take(1)

    assert await store.renew([old]) == {}
    await store.give_back([old])
    assert list(await store.take(1)) == []
    assert list(await store.write([held(old)])) == [False]
    assert list(await store.write([pause(old)])) == [False]
    assert list(await store.write([held(new)])) == [True]


@pytest.mark.parametrize(
    "result", [Authorized("pi_1"), authorization_result(StripeUnavailable(""))]
)
async def test_an_operation_ends_once(store_with, make_request, result):
    store = store_with(LONG)
    lease = store.put(make_request())

    assert list(await store.write([Completed(lease, result)])) == [True]

    assert list(await store.write([held(lease)])) == [False]
    assert list(await store.write([pause(lease)])) == [False]
    assert await store.renew([lease]) == {}
    await store.give_back([lease])
    assert list(await store.take(1)) == []


async def test_results_of_a_batch_are_independent(store_with, make_request):
    store = store_with(LONG)
    leases = [store.put(make_request()) for _ in range(3)]
    await store.write([held(leases[0])])

    results = [held(leases[0]), pause(leases[1], LONG), held(leases[2])]

    assert list(await store.write(results)) == [False, True, True]


async def test_a_postponed_payment_is_taken_after_its_pause(store_with, make_request, eventually):
    store = store_with(LONG)
    lease = store.put(make_request())

    await store.write([pause(lease, 0.2)])

    assert list(await store.take(1)) == []
    (again,) = await eventually(lambda: store.take(1))
    assert (again.attempts, again.verifying, again.last_error) == (2, False, "no route to host")


async def test_a_payment_is_verified_after_the_pause(store_with, make_request, eventually):
    store = store_with(LONG)
    lease = store.put(make_request())

    await store.write([pause(lease, 0.2, verify=True)])

    (verified,) = await eventually(lambda: store.take(1))
    assert (verified.verifying, verified.verified) == (True, True)


async def test_a_payment_taken_before_the_end_of_the_pause_is_not_verified(
    store_with, make_request, eventually
):
    store = store_with(LONG)
    lease = store.put(make_request())
    await store.write([pause(lease, LONG, verify=True)])
    await store.give_back([lease])
    (verifying,) = await store.take(1)
    await store.write([pause(verifying)])

    (again,) = await eventually(lambda: store.take(1))

    assert (verifying.verifying, verifying.verified) == (True, False)
    assert (again.verifying, again.verified) == (True, False)


async def test_an_authorization_that_was_started_stays_started(store_with, make_request):
    store = store_with(LONG)
    lease = store.put(make_request())

    assert list(await store.start([lease])) == [False]

    await store.give_back([lease])
    (taken,) = await store.take(1)
    assert not taken.unsent


async def test_a_start_under_an_old_lease_or_after_the_end_is_refused(store_with, make_request):
    store = store_with(LONG)
    old, ended = store.put(make_request()), store.put(make_request())
    await store.give_back([old])
    await store.take(1)
    await store.write([held(ended)])

    assert list(await store.start([old, ended])) == [None, None]


async def test_what_was_never_started_is_known_to_be_unsent_by_the_next_executor(
    real_lease_store, make_request
):
    store = real_lease_store(LONG)
    lease = store.put(make_request())

    await store.renew([lease])
    await store.give_back([lease])
    (taken,) = await store.take(1)

    assert taken.unsent


async def test_what_an_older_version_took_may_have_been_sent(
    real_lease_store, database, make_request
):
    store = real_lease_store(LONG)
    store.put(make_request())
    take = "UPDATE payments SET attempts = attempts + 1, next_try_at = now()"
    await database.transaction(lambda connection: connection.exec_driver_sql(take))

    (taken,) = await store.take(1)

    assert not taken.unsent
