"""Authorizations in progress in a database that was restored: requests may have been sent."""

import asyncio
from datetime import timedelta

import pytest
from payment_service.agents import after
from payment_service.main import build_installation
from payment_service.storage.orm import payments, stripe_systems
from sqlalchemy import func, text

BACKUP = text("CREATE TABLE backup (LIKE payments INCLUDING ALL)")
COPY = text("INSERT INTO backup SELECT * FROM payments")
RESTORATION = (
    text("DROP TABLE payments CASCADE"),
    text("ALTER TABLE backup RENAME TO payments"),
)
HOUR = timedelta(hours=1)


async def restore_history(world):
    """Restore the backup, as a dump and its restoration do."""
    for statement in RESTORATION:
        await world.change(statement)


async def restore_disk(world):
    """Restore the rows of a snapshot of the disk: the history has no other name."""
    await world.change(payments.delete())
    await world.change(text("INSERT INTO payments SELECT * FROM backup"))
    await world.change(stripe_systems.update().values(seen_at=func.now() - HOUR))


@pytest.fixture(params=[restore_history, restore_disk])
def restored(world, commands, request):
    """Hold a payment, and restore the row that it had before; returns its request."""

    async def restored():
        payment = world.request()
        async with world.executors() as ((executor, _),):
            executor.stop()  # the operation stays in its queue
            await world.send(executor, commands.authorize(payment, timeout_seconds=30))
            await world.change(BACKUP)
            await world.change(COPY)
        async with world.executors():
            await world.idle()
        assert world.intent_of(payment)["held"] == payment.amount
        await request.param(world)
        await world.change(
            payments.update().values(operation_since=func.now() - HOUR, next_try_at=func.now())
        )
        return payment

    return restored


async def test_a_restored_authorization_whose_time_has_passed_is_looked_up(world, restored):
    payment = await restored()

    async with world.executors():
        await world.idle()

    row = await world.row()
    assert (row.status, row.payment_intent_id) == ("authorized", world.intent_of(payment)["id"])


async def test_a_restored_authorization_is_not_canceled_without_a_look_up(
    world, restored, commands
):
    payment = await restored()
    await build_installation(world.settings, world.database).confirm()

    async with world.executors() as ((executor, _),):
        await world.send(executor, commands.cancel(payment))
        await world.idle()

    assert (await world.row()).status == "canceled"
    assert world.intent_of(payment)["held"] == 0


async def test_commands_wait_until_the_installation_is_confirmed():
    confirmed, received = asyncio.Event(), []

    async def receive(records):
        received.extend(records)

    waiting = asyncio.create_task(after(confirmed.wait, receive)(["command"]))
    await asyncio.sleep(0)
    assert received == []
    confirmed.set()
    await waiting

    assert received == ["command"]
