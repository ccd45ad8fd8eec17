import asyncio

import pytest
from payment_service.storage.orm import messaging, payments
from sqlalchemy import func

COUNT = 40
PENDING = payments.c.status == "pending"


@pytest.fixture
def requests(world):
    return [world.request() for _ in range(COUNT)]


@pytest.fixture
def intents(world, requests):
    return lambda: [len(world.intents_of(request)) for request in requests]


async def test_two_executors_with_the_same_leases_create_one_hold_each(world, requests, intents):
    world.arm("latency", count=COUNT, seconds=0.3)
    leases = world.store(*requests)

    async with world.executors(2) as ((first, _), (second, _)):
        first.offer(leases)
        second.offer(leases)
        await world.none_pending()

    assert intents() == [1] * COUNT
    replies = await world.rows(table=messaging.outbox)
    assert [reply.type for reply in replies] == ["payment.authorized"] * COUNT


async def test_another_executor_completes_the_work_of_a_killed_one(world, requests, intents):
    async def some_are_held():
        return sum(intents()) > COUNT // 4

    async with world.executors(executor_concurrency=4) as ((killed, task),):
        world.arm("timeout_after", count=2, seconds=2)
        killed.offer(world.store(*requests))
        await world.eventually(some_are_held)
        task.cancel()
    async with world.executors():
        await world.none_pending()

    assert intents() == [1] * COUNT
    assert len(await world.rows(table=messaging.outbox)) == COUNT


async def test_stopping_loses_nothing_and_makes_the_rest_due(world, requests, intents):
    async def some_are_decided():
        return len(await world.rows(~PENDING)) > 5

    world.arm("latency", count=COUNT, seconds=0.05)
    async with world.executors(executor_concurrency=2) as ((executor, _),):
        executor.offer(world.store(*requests, lease_seconds=60))
        await world.eventually(some_are_decided)
    left, due = await world.rows(PENDING), payments.c.next_try_at <= func.now()
    assert await world.rows(PENDING, due) == left != []
    async with world.executors():
        await world.none_pending()

    assert intents() == [1] * COUNT


async def test_no_payment_is_lost_if_the_database_is_unavailable_for_longer_than_a_lease(
    world, requests, intents
):
    async def some_are_held():
        return sum(intents()) > COUNT // 4

    async with world.executors(executor_concurrency=4) as ((executor, _),):
        executor.offer(world.store(*requests, lease_seconds=0.6))
        await world.eventually(some_are_held)
        with world.database.engine.begin() as connection:
            connection.exec_driver_sql("LOCK TABLE payments IN ACCESS EXCLUSIVE MODE")
            await asyncio.to_thread(connection.exec_driver_sql, "SELECT pg_sleep(1.2)")
        await world.none_pending()

    assert intents() == [1] * COUNT
    assert len(await world.rows(table=messaging.outbox)) == COUNT
