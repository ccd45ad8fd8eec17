"""Deadlines of commands on PostgreSQL and the emulator: late work costs Stripe no call."""

import time
from dataclasses import replace

from payment_service.agents import payment_intake
from payment_service.storage.orm import payments
from saga_messaging.delivery.availability import Availability
from saga_messaging.kafka.publisher import Publisher
from saga_messaging.kafka.records import Record
from saga_schemas import encode

BUSY = payments.c.operation.is_not(None)

COUNT = 6
ONE_AT_A_TIME = {
    "executor_concurrency": 1,
    "executor_lease_seconds": 6,
    "stripe_timeout_seconds": 10,
    "stripe_retry_seconds": 20,
}


async def test_authorizations_that_come_up_too_late_are_answered_without_a_request(world, commands):
    requests = [world.request() for _ in range(COUNT)]
    world.arm("latency", count=COUNT, seconds=1)

    async with world.executors(**ONE_AT_A_TIME) as ((executor, _),):
        in_time = [commands.authorize(each, timeout_seconds=3) for each in requests]
        await world.send(executor, *in_time)
        await world.idle()

    types = await world.types()
    authorized = types.count("payment.authorized")
    assert authorized < COUNT
    assert types.count("payment.failed") == COUNT - authorized
    assert len(world.requests()) == authorized
    failed = [each for each in await world.events() if each.type == "payment.failed"]
    assert {each.payload.code for each in failed} == {"payment_canceled"}
    assert all("No request was sent to Stripe" in each.payload.message for each in failed)


async def test_cancellations_of_what_was_never_asked_cost_no_call(world, commands):
    requests = [world.request() for _ in range(COUNT)]

    async with world.executors() as ((executor, _),):
        executor.stop()  # every operation stays in its queue
        await world.send(executor, *map(commands.authorize, requests))
        await world.send(executor, *map(commands.cancel, requests))
        assert not await world.rows(BUSY)
    async with world.executors():
        await world.idle()

    assert world.requests() == []
    assert sorted(await world.types()) == [
        *["payment.canceled"] * COUNT,
        *["payment.failed"] * COUNT,
    ]


async def test_a_capture_that_waits_for_a_canceled_authorization_is_answered(world, commands):
    payment = world.request()

    async with world.executors() as ((executor, _),):
        executor.stop()
        await world.send(executor, commands.authorize(payment))
        await world.send(executor, commands.capture(payment, amount=1299))
        await world.send(executor, commands.cancel(payment))

    assert await world.types() == ["payment.failed", *["payment.canceled"] * 2]


async def test_a_killed_executor_leaves_no_hold_though_the_time_has_passed(world, commands):
    """A request that was sent by a process that died is found, never taken for unsent."""
    requests = [world.request() for _ in range(COUNT)]
    world.arm("latency", count=COUNT, seconds=0.3)

    async def sent_any():
        return world.requests()

    async with world.executors(executor_concurrency=2) as ((killed, task),):
        sent = [commands.authorize(each, timeout_seconds=1) for each in requests]
        await world.send(killed, *sent)
        await world.eventually(sent_any)
        task.cancel()
    async with world.executors():
        await world.idle()
        for request in requests:
            await world.send(killed, commands.cancel(request))
        await world.idle()

    intents = [intent for request in requests for intent in world.intents_of(request)]
    assert [intent["held"] for intent in intents] == [0] * len(intents)
    assert all(len(world.intents_of(request)) <= 1 for request in requests)


async def test_a_command_that_arrives_too_late_is_answered_at_once(world, commands, settings):
    availability = Availability(Publisher(settings), world.database, settings)
    store = world.lease_store_with(settings.executor_lease_seconds)
    offered = []

    class Executor:
        def offer(self, leases):
            offered.extend(leases)

        def request_cancel(self, tokens):
            pass

    intake = payment_intake(world.database, store._outbox, Executor(), settings, availability)
    late, soon = (commands.authorize(world.request(), timeout_seconds=60) for _ in range(2))
    record = Record("payment_commands", 0, 0, b"key", encode(late), time.time() - 59)
    await intake.receive([record])
    await intake.receive([replace(record, value=encode(soon), timestamp=time.time() - 20)])

    assert await world.types() == ["payment.failed"]
    (lease,) = offered
    assert 25 < lease.begin_within_seconds <= 28
