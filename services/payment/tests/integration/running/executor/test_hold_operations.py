"""Capture, cancellation and refund at Stripe despite faults: each has one effect."""

from uuid import uuid4

import pytest
from payment_service.storage.orm import payments, refunds
from sqlalchemy import func

FAULTS = [
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
COUNT = 6


@pytest.mark.parametrize("kind", FAULTS)
async def test_a_hold_is_captured_once(world, commands, kind):
    async with world.executors() as ((executor, _),):
        requests = await world.hold(executor, COUNT)
        world.arm(kind, "POST /v1/*/capture", count=COUNT // 2)
        await world.send(
            executor, *(commands.capture(request, amount=1000) for request in requests)
        )
        await world.idle()

    intents = [world.intent_of(request) for request in requests]
    assert [[taken["amount"] for taken in intent["captures"]] for intent in intents] == [
        [1000]
    ] * COUNT
    assert [(row.status, row.captured, row.released) for row in await world.rows()] == [
        ("captured", 1000, 299)
    ] * COUNT
    assert (await world.types()).count("payment.captured") == COUNT
    assert all(len(bodies) == 1 for bodies in world.bodies())


@pytest.mark.parametrize("kind", FAULTS)
async def test_a_hold_is_canceled_once(world, commands, kind):
    async with world.executors() as ((executor, _),):
        requests = await world.hold(executor, COUNT)
        world.arm(kind, "POST /v1/*/cancel", count=COUNT // 2)
        await world.send(executor, *map(commands.cancel, requests))
        await world.idle()

    intents = [world.intent_of(request) for request in requests]
    assert [[out["amount"] for out in intent["releases"]] for intent in intents] == [[1299]] * COUNT
    assert [event.payload.released for event in (await world.events())[COUNT:]] == [1299] * COUNT
    assert {row.status for row in await world.rows()} == {"canceled"}


@pytest.mark.parametrize("kind", FAULTS)
async def test_a_refund_is_created_once(world, commands, kind):
    async with world.executors() as ((executor, _),):
        requests = await world.hold(executor, COUNT)
        await world.send(
            executor, *(commands.capture(request, amount=1299) for request in requests)
        )
        await world.idle()
        world.arm(kind, "POST /v1/refunds", count=COUNT // 2)
        refund_commands = [
            commands.refund(request, refund_id=f"refund-{request.saga_id}", amount=400)
            for request in requests
        ]
        await world.send(executor, *refund_commands)
        await world.idle()

    intents = [world.intent_of(request) for request in requests]
    assert [[back["amount"] for back in intent["refunds"]] for intent in intents] == [[400]] * COUNT
    stored = await world.rows(table=refunds)
    assert {row.stripe_refund_id for row in stored} == {
        intent["refunds"][0]["refund"] for intent in intents
    }
    published = [
        event.payload for event in await world.events() if event.type == "payment.refunded"
    ]
    assert {payload.refund_id for payload in published} == {
        command.payload.refund_id for command in refund_commands
    }


async def test_several_refunds_of_one_capture_run_in_turn(world, commands):
    async with world.executors() as ((executor, _),):
        (payment,) = await world.hold(executor)
        await world.send(executor, commands.capture(payment, amount=1299))
        refund_commands = [
            commands.refund(payment, refund_id=f"r{at}", amount=300) for at in range(5)
        ]
        await world.send(
            executor,
            *refund_commands,
            refund_commands[0].model_copy(update={"message_id": uuid4()}),
        )
        await world.idle()

    assert [back["amount"] for back in world.intent_of(payment)["refunds"]] == [300] * 4
    published = {event.payload.refund_id: event for event in (await world.events())[2:]}
    assert [published[f"r{at}"].type for at in range(4)] == ["payment.refunded"] * 4
    assert (published["r4"].type, published["r4"].payload.code) == (
        "payment.refund_failed", "amount_too_large",
    )  # fmt: skip


async def test_a_stored_500_without_effect_fails_the_capture_after_verification(world, commands):
    async with world.executors() as ((executor, _),):
        (payment,) = await world.hold(executor)
        world.arm("status_500_before", "POST /v1/*/capture", kept=True)
        await world.send(executor, commands.capture(payment, amount=1299))
        await world.idle()

        event = (await world.events())[-1]
        assert (event.type, event.payload.code) == ("payment.capture_failed", "stripe_unavailable")
        assert ((await world.row()).status, world.intent_of(payment)["held"]) == (
            "authorized",
            1299,
        )

        await world.send(executor, commands.capture(payment, amount=1299, attempt=2))
        await world.idle()

    assert (await world.row()).status == "captured"
    assert (await world.types())[-1] == "payment.captured"


async def test_a_stored_500_without_effect_does_not_prevent_a_cancellation(world, commands):
    async with world.executors() as ((executor, _),):
        (payment,) = await world.hold(executor)
        world.arm("status_500_before", "POST /v1/*/cancel", kept=True)
        await world.send(executor, commands.cancel(payment))
        await world.idle()

    assert (await world.row()).key_round == 2
    assert world.intent_of(payment)["status"] == "canceled"
    assert await world.types() == ["payment.authorized", "payment.canceled"]


async def test_a_stored_500_without_effect_fails_the_refund_after_verification(world, commands):
    async with world.executors() as ((executor, _),):
        (payment,) = await world.hold(executor)
        await world.send(executor, commands.capture(payment, amount=1299))
        world.arm("status_500_before", "POST /v1/refunds", kept=True)
        await world.send(executor, commands.refund(payment, refund_id="r1", amount=5))
        await world.idle()

    event = (await world.events())[-1]
    assert (event.type, event.payload.code) == ("payment.refund_failed", "stripe_unavailable")
    assert world.intent_of(payment)["refunds"] == []


async def test_a_refund_of_yesterday_is_postponed_and_never_requested(world, commands):
    async with world.executors() as ((executor, _),):
        (payment,) = await world.hold(executor)
        await world.send(executor, commands.capture(payment, amount=1299))
        await world.idle()
        world.arm("reset_after", "POST /v1/refunds")
        world.arm("status_500_before", "GET /v1/refunds", count=1_000)
        world.arm("hang", "POST /v1/refunds", count=1_000)
        await world.send(executor, commands.refund(payment, refund_id="r1", amount=5))
        yesterday = func.now() - func.make_interval(0, 0, 0, 0, 23)
        await world.change(payments.update().values(operation_since=yesterday))

        async def postponed():
            return (await world.row()).last_error

        await world.eventually(postponed)
        refund_commands = world.executed("/refunds")
        world.disarm()
        await world.idle()

    assert world.intent_of(payment)["refunds"][0]["amount"] == 5
    assert (await world.types())[-1] == "payment.refunded"
    assert {key for key in refund_commands if key} == {f"{payment.saga_id}:refund_payment:r1"}


@pytest.mark.parametrize("amount", [1300, 99_999_999])
async def test_more_than_the_held_amount_cannot_be_captured(world, commands, amount):
    async with world.executors() as ((executor, _),):
        (payment,) = await world.hold(executor)
        await world.send(executor, commands.capture(payment, amount=amount))
        await world.idle()

    event = (await world.events())[-1]
    assert (event.type, event.payload.code) == ("payment.capture_failed", "amount_too_large")
    assert world.intent_of(payment)["held"] == 1299
