"""Commands written by hand, or with another id after an upgrade: money moves once."""

import json

import pytest
from payment_service.agents import payment_intake
from saga_messaging.kafka.records import Record
from saga_schemas import encode
from saga_schemas.envelope import derived_message_id

pytestmark = pytest.mark.stack


@pytest.fixture
def receive(world):
    """Take in raw values as the consumer does, and wait until nothing is in progress."""
    offset = iter(range(1_000_000))

    async def receive(executor, *values):
        store = world.lease_store_with(world.settings.executor_lease_seconds)
        intake = payment_intake(store.database, store._outbox, executor, world.settings)
        await intake.receive(
            [Record("payment_commands", 0, next(offset), b"key", value) for value in values]
        )
        await world.idle()

    return receive


def by_hand(command, second=0):
    """Return a command as written by hand: with the specification's five fields only."""
    body = json.loads(encode(command))
    five = {name: body[name] for name in ("type", "correlation_id", "payload", "source")}
    return json.dumps(five | {"timestamp": f"2026-11-28T10:00:{second:02}Z"}).encode()


async def test_commands_written_by_hand_each_have_their_effect_once(world, commands, receive):
    async with world.executors() as ((executor, _),):
        payment = world.request()
        authorize = by_hand(commands.authorize(payment))
        world.arm("status_500_before", "POST /v1/*/capture", kept=True)
        refused = by_hand(commands.capture(payment, amount=1299), 1)
        capture = by_hand(commands.capture(payment, amount=1299), 2)
        refunds = [
            by_hand(commands.refund(payment, refund_id=f"r{at}", amount=at), 3) for at in (300, 400)
        ]

        for value in (authorize, authorize, refused, capture, *refunds, *refunds):
            await receive(executor, value)

    intent = world.intent_of(payment)
    assert [back["amount"] for back in intent["refunds"]] == [300, 400]
    assert await world.types() == [
        "payment.authorized",
        "payment.capture_failed",
        "payment.captured",
        "payment.refunded",
        "payment.refunded",
    ]


async def test_a_second_authorization_with_another_card_is_a_dead_letter(world, commands, receive):
    async with world.executors() as ((executor, _),):
        payment = world.request()
        first = commands.authorize(payment)
        body = json.loads(by_hand(first))
        body["payload"]["customer"]["userStripeCard"]["payment_method_id"] = "pm_card_mastercard"

        await receive(executor, by_hand(first))
        await receive(executor, json.dumps(body).encode())

    (dead_letter,) = [row for row in await world.outbox() if row.type == "dead-letter"]
    reason = dead_letter.headers["dead-letter-reason"]
    assert reason == "payment_method_id: differs from the one of the saga's payment"
    assert len(world.intents_of(payment)) == 1


async def test_commands_redelivered_with_another_id_after_an_upgrade_move_no_money_again(
    world, commands, receive
):
    """The earlier release derived the id of a message without one from two fields."""
    async with world.executors() as ((executor, _),):
        payment = world.request()
        sent = [
            commands.authorize(payment),
            commands.capture(payment, amount=1000),
            commands.refund(payment, refund_id="r1", amount=400),
        ]
        for command in sent:
            old_id = derived_message_id(payment.saga_id, command.type)
            await receive(executor, encode(command.model_copy(update={"message_id": old_id})))

        for command in sent:
            await receive(executor, by_hand(command))

    intent = world.intent_of(payment)
    assert [capture["amount"] for capture in intent["captures"]] == [1000]
    assert [back["amount"] for back in intent["refunds"]] == [400]
    assert world.executed("/v1/payment_intents").total() == 1
    assert world.executed("/capture").total() == 1
    assert world.executed("/v1/refunds").total() == 1
    types = await world.types()
    assert types[:3] == types[3:] == ["payment.authorized", "payment.captured", "payment.refunded"]


async def test_the_same_id_for_a_refund_of_another_amount_is_a_dead_letter(
    world, commands, receive
):
    async with world.executors() as ((executor, _),):
        payment = world.request()
        refund = commands.refund(payment, refund_id="r1", amount=400)
        other = commands.refund(payment, refund_id="r2", amount=500)
        await receive(executor, encode(commands.authorize(payment)))
        await receive(executor, encode(commands.capture(payment, amount=1299)))
        await receive(executor, encode(refund))
        await receive(executor, encode(other.model_copy(update={"message_id": refund.message_id})))

    (dead_letter,) = [row for row in await world.outbox() if row.type == "dead-letter"]
    assert str(refund.message_id) in dead_letter.headers["dead-letter-reason"]
    assert [back["amount"] for back in world.intent_of(payment)["refunds"]] == [400]
