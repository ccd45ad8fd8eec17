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


async def requested(world, count):
    """Wait until Stripe has received this many requests for holds."""

    async def look():
        return len(world.requests()) >= count

    await world.eventually(look)


@pytest.mark.parametrize("kind", FAULTS)
async def test_no_hold_is_left_if_a_cancellation_overtakes_the_authorization(world, commands, kind):
    requests = [world.request() for _ in range(COUNT)]
    world.arm(kind, count=COUNT, **({"seconds": 0.3} if kind == "latency" else {}))

    async with world.executors() as ((executor, _),):
        await world.send(executor, *map(commands.authorize, requests))
        await requested(world, 1)
        await world.send(executor, *(commands.cancel(request, attempt=2) for request in requests))
        await world.idle()

    intents = [intent for request in requests for intent in world.intents_of(request)]
    assert [intent["held"] for intent in intents] == [0] * len(intents)
    assert all(len(world.intents_of(request)) <= 1 for request in requests)
    published = await world.events()
    ends = {event.correlation_id: event for event in published}
    assert {event.type for event in ends.values()} == {"payment.canceled"}
    assert {event.payload.attempt for event in ends.values()} == {2}
    released = sum(event.payload.released for event in ends.values())
    assert released == sum(intent["amount"] for intent in intents)


@pytest.mark.parametrize("kind", ["status_500_before", "reset", "hang", "429"])
async def test_no_further_hold_is_requested_while_a_cancellation_waits(world, commands, kind):
    payment = world.request()
    world.arm(kind, count=1_000)

    async with world.executors(executor_lease_seconds=0.4) as ((executor, _),):
        await world.send(executor, commands.authorize(payment))
        await requested(world, 1)
        await world.send(executor, commands.cancel(payment))
        await world.idle()
        count = len(world.requests())
        world.disarm()
        await world.send(executor, commands.authorize(payment, attempt=2))

    assert len(world.requests()) == count
    assert world.intents_of(payment) == []
    assert [event.type for event in await world.events()] == [
        "payment.failed",
        "payment.canceled",
        "payment.failed",
    ]


ONE_SWEEP = {"executor_sweep_seconds": 3_600, "executor_lease_seconds": 36_000}


async def test_waiting_operations_begin_without_another_sweep(world, commands):
    payment = world.request()
    world.arm("latency", count=1, seconds=0.3)

    async with world.executors(**ONE_SWEEP) as ((executor, _),):
        await world.send(executor, commands.authorize(payment))
        await requested(world, 1)
        await world.send(executor, commands.capture(payment, amount=1000))
        await world.send(executor, commands.refund(payment, amount=200, refund_id="r1"))
        await world.idle()

    published = ["payment.authorized", "payment.captured", "payment.refunded"]
    assert await world.types() == published
    assert (await world.row()).attempts == len(published)


async def test_a_waiting_cancellation_stops_requests_in_its_process_without_another_sweep(
    world, commands
):
    payment = world.request()
    world.arm("reset", count=1_000)

    retry_policy = {"stripe_retry_seconds": 3_600, "stripe_settle_seconds": 3_600}

    async with world.executors(**retry_policy, **ONE_SWEEP) as ((executor, _),):
        await world.send(executor, commands.authorize(payment))
        await requested(world, 1)
        await world.send(executor, commands.cancel(payment))

        async def is_verifying():
            return (await world.row()).settle_after

        await world.eventually(is_verifying)

    assert world.intents_of(payment) == []


async def test_a_cancellation_that_comes_first_refuses_the_authorization(world, commands):
    payment = world.request()

    async with world.executors() as ((executor, _),):
        await world.send(executor, commands.cancel(payment))
        await world.send(executor, commands.authorize(payment, attempt=2))
        await world.send(executor, commands.cancel(payment, attempt=3))
        await world.idle()

    published = [(event.type, event.payload.attempt) for event in await world.events()]
    assert published == [("payment.canceled", 1), ("payment.failed", 2), ("payment.canceled", 3)]
    assert world.requests() == []


async def test_both_commands_at_once_send_no_request_to_stripe(world, commands):
    payment = world.request()

    async with world.executors() as ((executor, _),):
        await world.send(executor, commands.authorize(payment), commands.cancel(payment))
        await world.idle()

    assert await world.types() == ["payment.failed", "payment.canceled"]
    assert world.requests() == []


async def test_a_repeated_cancel_command_is_replied_to_again_and_cancels_once(world, commands):
    async with world.executors() as ((executor, _),):
        (payment,) = await world.hold(executor)
        for attempt in (1, 2):
            await world.send(executor, commands.cancel(payment, attempt=attempt))
            await world.idle()

    published = [event.payload for event in (await world.events())[1:]]
    assert [(payload.released, payload.attempt) for payload in published] == [(1299, 1), (1299, 2)]
    assert sum(world.executed("/cancel").values()) == 1


async def test_a_captured_payment_cannot_be_canceled(world, commands):
    async with world.executors() as ((executor, _),):
        (payment,) = await world.hold(executor)
        await world.send(executor, commands.capture(payment, amount=1299))
        await world.send(executor, commands.cancel(payment))
        await world.idle()

    event = (await world.events())[-1]
    assert (event.type, event.payload.code) == ("payment.cancel_failed", "already_captured")
    assert world.intent_of(payment)["captures"][0]["amount"] == 1299


async def test_a_killed_executor_leaves_no_hold_after_a_cancellation(world, commands):
    requests = [world.request() for _ in range(COUNT)]
    world.arm("latency", count=COUNT, seconds=0.5)

    async with world.executors() as ((killed, task),):
        await world.send(killed, *map(commands.authorize, requests))
        await requested(world, 1)
        task.cancel()
        await world.send(killed, *map(commands.cancel, requests))
    async with world.executors():
        await world.idle()

    intents = [intent for request in requests for intent in world.intents_of(request)]
    assert [intent["held"] for intent in intents] == [0] * len(intents)
    assert (await world.types()).count("payment.canceled") == COUNT
