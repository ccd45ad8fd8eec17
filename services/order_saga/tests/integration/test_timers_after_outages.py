"""Deadlines and outages: whatever was under way gets its time-out again, but not for ever."""

import asyncio

from saga_messaging.delivery.availability import Availability

PAST = """
    UPDATE sagas SET deadline_at = deadline_at - {0}, updated_at = updated_at - {0};
    UPDATE outbox SET sent_at = sent_at - {0}
"""


async def test_no_deadline_passes_during_an_outage_or_before_its_whole_time_after_it(replica_with):
    orders = replica_with(payment_info_timeout_seconds=60)
    await orders.place()
    await orders.sent()
    await orders.execute(PAST.format("interval '80 s'"))

    fired = []
    for seconds in (0.0, 59.0, 61.0):
        orders.available_seconds = seconds
        fired.append(await orders.timers.fire_due())

    assert fired == [0, 0, 1]


async def test_outages_do_not_extend_a_deadline_for_ever(replica_with):
    orders = replica_with(payment_info_timeout_seconds=60)
    await orders.place()
    await orders.sent()

    fired = []
    for passed in (590, 20):
        await orders.execute(PAST.format(f"interval '{passed} s'"))
        for seconds in (0.0, 4.0, 6.0):
            orders.available_seconds = seconds
            fired.append(await orders.timers.fire_due())

    assert fired == [0, 0, 0, 0, 0, 1]


async def test_a_restart_after_an_outage_fires_no_deadline_at_once(replica_with):
    orders = replica_with(payment_info_timeout_seconds=60)
    await orders.place()
    await orders.sent()
    await orders.execute(PAST.format("interval '80 s'"))

    restarted = replica_with()
    availability = Availability(restarted.publisher, restarted.database, restarted.settings)
    watching = asyncio.create_task(availability.watch())
    await asyncio.sleep(0)
    restarted.available_seconds = availability.seconds()
    watching.cancel()

    assert await restarted.timers.fire_due() == 0
