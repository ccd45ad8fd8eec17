"""`cancel_payment` before, during and after `authorize_payment`: no hold is left, ever."""

import pytest

FAULTS = [
    "latency",
    "status_500_before",
    "status_500_after",
    "timeout_after",
    "hang",
    "reset",
    "reset_after",
    "truncated",
    "429",
    "409",
]
COUNT = 5


async def asked(world, count):
    """Stripe was asked for so many holds."""

    async def look():
        return len(world.requests()) >= count

    await world.eventually(look)


@pytest.mark.parametrize("kind", FAULTS)
async def test_no_hold_is_left_when_a_cancellation_overtakes_the_authorization(
    world, commands, kind
):
    each = [world.payment() for _ in range(COUNT)]
    world.arm(kind, count=COUNT, **({"seconds": 0.3} if kind == "latency" else {}))

    async with world.executors() as ((executor, _),):
        await world.send(executor, *map(commands.authorize, each))
        await asked(world, 1)
        await world.send(executor, *(commands.cancel(one, attempt=2) for one in each))
        await world.at_rest()

    lines = [line for one in each for line in world.intents_of(one)]
    assert [line["held"] for line in lines] == [0] * len(lines)
    assert all(len(world.intents_of(one)) <= 1 for one in each)
    told = await world.told()
    ends = {event.correlation_id: event for event in told}
    assert {event.type for event in ends.values()} == {"payment.canceled"}
    assert {event.payload.attempt for event in ends.values()} == {2}
    released = sum(event.payload.released for event in ends.values())
    assert released == sum(line["amount"] for line in lines)


@pytest.mark.parametrize("kind", ["status_500_before", "reset", "hang", "429"])
async def test_once_a_cancellation_waits_no_further_hold_is_asked_for(world, commands, kind):
    payment = world.payment()
    world.arm(kind, count=1_000)

    async with world.executors(executor_lease_seconds=0.4) as ((executor, _),):
        await world.send(executor, commands.authorize(payment))
        await asked(world, 1)
        await world.send(executor, commands.cancel(payment))
        await world.at_rest()
        count = len(world.requests())
        world.disarm()
        await world.send(executor, commands.authorize(payment, attempt=2))

    assert len(world.requests()) == count
    assert world.intents_of(payment) == []
    assert [event.type for event in await world.told()] == [
        "payment.failed",
        "payment.canceled",
        "payment.failed",
    ]


ONE_SWEEP = {"executor_sweep_seconds": 3_600, "executor_lease_seconds": 36_000}


async def test_what_waited_for_the_end_of_an_operation_is_begun_without_another_sweep(
    world, commands
):
    payment = world.payment()
    world.arm("latency", count=1, seconds=0.3)

    async with world.executors(**ONE_SWEEP) as ((executor, _),):
        await world.send(executor, commands.authorize(payment))
        await asked(world, 1)
        await world.send(executor, commands.capture(payment, amount=1000))
        await world.send(executor, commands.refund(payment, amount=200, refund_id="r1"))
        await world.at_rest()

    told = ["payment.authorized", "payment.captured", "payment.refunded"]
    assert await world.types() == told
    assert (await world.row()).attempts == len(told)


async def test_a_cancellation_is_noticed_in_its_process_without_another_sweep(world, commands):
    payment = world.payment()
    world.arm("reset", count=1_000)

    patience = {"stripe_retry_seconds": 3_600, "stripe_settle_seconds": 3_600}

    async with world.executors(**patience, **ONE_SWEEP) as ((executor, _),):
        await world.send(executor, commands.authorize(payment))
        await asked(world, 1)
        await world.send(executor, commands.cancel(payment))

        async def settles():
            return (await world.row()).settle_after

        await world.eventually(settles)

    assert world.intents_of(payment) == []


async def test_a_cancellation_that_comes_first_refuses_the_authorization(world, commands):
    payment = world.payment()

    async with world.executors() as ((executor, _),):
        await world.send(executor, commands.cancel(payment))
        await world.send(executor, commands.authorize(payment, attempt=2))
        await world.send(executor, commands.cancel(payment, attempt=3))
        await world.at_rest()

    told = [(event.type, event.payload.attempt) for event in await world.told()]
    assert told == [("payment.canceled", 1), ("payment.failed", 2), ("payment.canceled", 3)]
    assert world.requests() == []


async def test_both_at_once_ask_stripe_for_nothing(world, commands):
    payment = world.payment()

    async with world.executors() as ((executor, _),):
        await world.send(executor, commands.authorize(payment), commands.cancel(payment))
        await world.at_rest()

    assert await world.types() == ["payment.failed", "payment.canceled"]
    assert world.requests() == []


async def test_a_canceled_hold_is_answered_again_and_canceled_once(world, commands):
    async with world.executors() as ((executor, _),):
        (payment,) = await world.hold(executor)
        for attempt in (1, 2):
            await world.send(executor, commands.cancel(payment, attempt=attempt))
            await world.at_rest()

    told = [event.payload for event in (await world.told())[1:]]
    assert [(each.released, each.attempt) for each in told] == [(1299, 1), (1299, 2)]
    assert sum(world.executed("/cancel").values()) == 1


async def test_what_was_captured_cannot_be_canceled(world, commands):
    async with world.executors() as ((executor, _),):
        (payment,) = await world.hold(executor)
        await world.send(executor, commands.capture(payment, amount=1299))
        await world.send(executor, commands.cancel(payment))
        await world.at_rest()

    event = (await world.told())[-1]
    assert (event.type, event.payload.code) == ("payment.cancel_failed", "already_captured")
    assert world.line(payment)["captures"][0]["amount"] == 1299


async def test_a_killed_executor_leaves_no_hold_behind_a_cancellation(world, commands):
    each = [world.payment() for _ in range(COUNT)]
    world.arm("latency", count=COUNT, seconds=0.5)

    async with world.executors() as ((killed, task),):
        await world.send(killed, *map(commands.authorize, each))
        await asked(world, 1)
        task.cancel()
        await world.send(killed, *map(commands.cancel, each))
    async with world.executors():
        await world.at_rest()

    lines = [line for one in each for line in world.intents_of(one)]
    assert [line["held"] for line in lines] == [0] * len(lines)
    assert (await world.types()).count("payment.canceled") == COUNT
